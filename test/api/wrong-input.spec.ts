import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { trialApi } from './support/trial-api.ts'
import type { Reply, TrialApi } from './support/trial-api.ts'

const isProblem = ({ headers, body, text }: Reply, status: number, reason: string, note: string) => {
  assert.equal(body['reason'], reason, `${note}: ${text}`)
  assert.equal(body['status'], status, note)
  assert.match(String(headers['content-type']), /^application\/problem\+json/, note)
  assert.equal(body['type'], `https://shiplog.dev/problems/${reason}`, note)
  for (const field of ['title', 'detail'] as const) {
    const text = String(body[field])
    assert.notEqual(text, '', note)
    assert.doesNotMatch(text, /\.$|undefined|\[object/, `${note}: ${text}`)
  }
}

/** Each is refused, and nothing is recorded by it. */
const refusedWithoutTrace = async (
  api: TrialApi,
  cases: ReadonlyArray<
    readonly [name: string, body: unknown, status: number, reason: string, about?: RegExp]
  >,
) => {
  for (const [name, body, status, reason, about] of cases) {
    const before = api.log.head()
    const kept = api.kept.length
    const reply = await api.command(name, body)
    const note = `${name} ${JSON.stringify(body)?.slice(0, 120)}`
    assert.equal(reply.status, status, `${note}: ${reply.text}`)
    isProblem(reply, status, reason, note)
    if (about !== undefined) assert.match(String(reply.body['detail']), about, note)
    assert.equal(api.log.head(), before, `${note} left a trace`)
    assert.equal(api.kept.length, kept, `${note} left something behind`)
  }
}

const image = 'alpine:3.20'
const invalid = [400, 'invalid-request'] as const
const create = (fields: object) => ['create-container', { image, ...fields }] as const

describe('a body', () => {
  it('must be an object of known fields of the right kind, for every command', async () => {
    await using api = trialApi()
    const commands = [
      ['pull-image', 'reference'],
      ['tag-image', 'source'],
      ['remove-image', 'image'],
      ['create-container', 'image'],
      ['run-container', 'image'],
      ['start-container', 'container'],
      ['stop-container', 'container'],
      ['restart-container', 'container'],
      ['kill-container', 'container'],
      ['pause-container', 'container'],
      ['unpause-container', 'container'],
      ['rename-container', 'container'],
      ['remove-container', 'container'],
      ['exec-container', 'container'],
    ] as const
    for (const [name, field] of commands)
      await refusedWithoutTrace(api, [
        [name, [], ...invalid, /^body: expected a JSON object/],
        [name, {}, ...invalid, new RegExp(field)],
        [name, { [field]: 5 }, ...invalid, new RegExp(`${field}: expected string`)],
        [name, { [field]: 'x', nonsense: 1 }, ...invalid, /^nonsense: there is no such field/],
        [name, { __proto__: null, [field]: null }, ...invalid],
      ])
  })

  it('must be JSON, and say so', async () => {
    await using api = trialApi()
    const url = '/v1/commands/start-container'
    const json = { 'content-type': 'application/json' }
    const cases = [
      [{ body: '{"container":', headers: json }, 400, 'invalid-request'],
      [{ body: '', headers: json }, 400, 'invalid-request'],
      [{ body: '{"__proto__":{"a":1},"container":"x"}', headers: json }, 400, 'invalid-request'],
      [{ body: 'container=web', headers: { 'content-type': 'text/plain' } }, 415, 'unsupported-media-type'],
      [
        { body: 'container=web', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
        415,
        'unsupported-media-type',
      ],
      [{ body: '"web"', headers: json }, 400, 'invalid-request'],
      [{}, 400, 'invalid-request'],
      [{ body: JSON.stringify({ container: 'x'.repeat(1 << 20) }), headers: json }, 413, 'request-too-large'],
    ] as const
    for (const [asking, status, reason] of cases)
      isProblem(await api.ask('POST', url, asking), status, reason, JSON.stringify(asking).slice(0, 90))
    assert.equal(api.log.head(), 0)
  })
})

describe('what is asked of containers', () => {
  it('must be possible', async () => {
    await using api = trialApi()
    await api.withImage()
    await refusedWithoutTrace(api, [
      [
        'create-container',
        { image: 'nothing' },
        404,
        'image-not-found',
        /docker.io\/library\/nothing|nothing/,
      ],
      ['create-container', { image: '' }, 400, 'invalid-reference'],
      ['create-container', { image: 'owner/UPPER' }, 400, 'invalid-reference'],
      ['create-container', { image: '../../etc' }, 400, 'invalid-reference'],
      ['create-container', { image: 'a'.repeat(65_536) }, 400, 'invalid-reference'],
      [...create({ name: '' }), ...invalid, /^name/],
      [...create({ name: '..' }), ...invalid, /^name/],
      [...create({ name: 'a/b' }), ...invalid],
      [...create({ name: '⛵' }), ...invalid],
      [...create({ name: 'x'.repeat(200) }), ...invalid],
      [...create({ args: 'true' }), ...invalid, /^args/],
      [...create({ args: [''] }), ...invalid],
      [...create({ args: ['a\0b'] }), ...invalid],
      [...create({ entrypoint: [''] }), ...invalid, /no command/],
      [...create({ env: ['NOVALUE'] }), ...invalid, /NAME=value/],
      [...create({ env: ['=x'] }), ...invalid],
      [...create({ env: ['A B=1'] }), ...invalid, /"A B" cannot be the name/],
      [...create({ env: ['A\n=1'] }), ...invalid],
      [...create({ workingDir: 'relative' }), ...invalid],
      [...create({ user: '4294967296' }), ...invalid],
      [...create({ user: '-1' }), ...invalid],
      [...create({ user: '1000:1000:1' }), ...invalid],
      [...create({ hostname: 'under_score' }), ...invalid],
      [...create({ memory: -1 }), ...invalid],
      [...create({ memory: 1.5 }), ...invalid],
      [...create({ cpus: 0 }), ...invalid],
      [...create({ pidsLimit: 0 }), ...invalid],
      [...create({ ulimits: [{ name: 'nofile', soft: 10, hard: 1 }] }), ...invalid],
      [...create({ ulimits: [{ name: 'nonsense', soft: 1, hard: 1 }] }), ...invalid],
      [...create({ binds: [{ source: 'relative', target: '/x', readonly: false }] }), ...invalid],
      [...create({ binds: [{ source: '/x', target: '/../..', readonly: false }] }), ...invalid],
      [...create({ binds: [{ source: '/x' }] }), ...invalid],
      [...create({ tmpfs: [{ target: '/x', options: ['exec;rm'] }] }), ...invalid],
      [...create({ capAdd: ['CAP_NONSENSE'] }), ...invalid],
      [...create({ seccomp: 'nonsense' }), ...invalid],
      [...create({ seccomp: { defaultAction: 'NONSENSE' } }), ...invalid],
      [...create({ network: 'bridge' }), ...invalid],
      [...create({ stopSignal: 'SIGNONSENSE' }), ...invalid, /SIGNONSENSE/],
      [...create({ consoleSize: { rows: 0, columns: 70_000 } }), ...invalid],
      [...create({ labels: { a: 1 } }), ...invalid],
    ])
  })

  it('A6 needs one that is there, in every command', async () => {
    await using api = trialApi()
    for (const container of ['nobody', 'f'.repeat(64), '..', '%2e%2e%2f', '⛵', 'x'.repeat(65_536)])
      await refusedWithoutTrace(api, [
        ['start-container', { container }, 404, 'container-not-found'],
        ['stop-container', { container }, 404, 'container-not-found'],
        ['restart-container', { container }, 404, 'container-not-found'],
        ['kill-container', { container }, 404, 'container-not-found'],
        ['pause-container', { container }, 404, 'container-not-found'],
        ['unpause-container', { container }, 404, 'container-not-found'],
        ['rename-container', { container, name: 'other' }, 404, 'container-not-found'],
        ['remove-container', { container }, 404, 'container-not-found'],
        ['exec-container', { container, args: ['true'] }, 404, 'container-not-found'],
      ])
  })

  it('must fit the state that it is in', async () => {
    await using api = trialApi()
    await api.withImage()
    assert.equal((await api.command('create-container', { image, name: 'still' })).status, 200)
    assert.equal((await api.command('run-container', { image, name: 'web' })).status, 200)
    const container = 'web'
    await refusedWithoutTrace(api, [
      ['kill-container', { container: 'still' }, 409, 'container-not-running'],
      ['pause-container', { container: 'still' }, 409, 'container-not-running'],
      ['exec-container', { container: 'still', args: ['true'] }, 409, 'container-not-running'],
      ['unpause-container', { container }, 409, 'container-not-paused'],
      ['remove-container', { container }, 409, 'container-running'],
      ['rename-container', { container, name: 'still' }, 409, 'container-name-taken'],
      ['create-container', { image, name: 'web' }, 409, 'container-name-taken'],
      ['kill-container', { container, signal: 'NONSENSE' }, ...invalid],
      ['kill-container', { container, signal: '65' }, ...invalid],
      ['stop-container', { container, timeout: -2 }, ...invalid],
      ['stop-container', { container, timeout: 0.5 }, ...invalid],
      ['stop-container', { container, timeout: 1e12 }, ...invalid],
      ['stop-container', { container, signal: '' }, ...invalid],
      ['rename-container', { container, name: 'a b' }, ...invalid],
      ['exec-container', { container, args: [] }, ...invalid],
      ['exec-container', { container, args: ['true'], env: ['X'] }, ...invalid],
      ['exec-container', { container, args: ['true'], env: ['A B=1'] }, ...invalid],
      ['exec-container', { container, args: ['true'], user: '0x0' }, ...invalid],
      ['exec-container', { container, args: ['true'], workingDir: 'here' }, ...invalid],
      ['exec-container', { container, args: ['true'], consoleSize: { rows: 1, columns: 0 } }, ...invalid],
      ['remove-image', { image }, 409, 'image-in-use'],
      ['create-container', { image: image.slice(0, 3) }, 404, 'image-not-found'],
    ])
    assert.equal((await api.command('pause-container', { container })).status, 200)
    await refusedWithoutTrace(api, [
      ['exec-container', { container, args: ['true'] }, 409, 'container-paused'],
      ['pause-container', { container }, 409, 'container-paused'],
    ])
  })

  it('A6 must name one, not several', async () => {
    await using api = trialApi()
    await api.withImage()
    for (const name of ['a', 'b']) await api.command('create-container', { image, name })
    await refusedWithoutTrace(api, [
      ['start-container', { container: '0000' }, 409, 'container-ambiguous', /0000 may be [0-9a-f]{12}, /],
    ])
    isProblem(await api.get('/v1/containers/0000'), 409, 'container-ambiguous', 'GET')
  })
})

describe('what is asked of images', () => {
  it('must be possible', async () => {
    await using api = trialApi()
    await api.withImage()
    const credentials = (text: string) => ({ 'registry-auth': text })
    await refusedWithoutTrace(api, [
      ['pull-image', { reference: '' }, 400, 'invalid-reference'],
      ['pull-image', { reference: 'a b' }, 400, 'invalid-reference'],
      ['pull-image', { reference: 'alpine', platform: 'linux' }, ...invalid],
      ['pull-image', { reference: 'alpine', platform: '../../x' }, ...invalid],
      ['tag-image', { source: 'nothing', target: 'x' }, 404, 'image-not-found'],
      ['tag-image', { source: image, target: 'X' }, 400, 'invalid-reference'],
      ['tag-image', { source: image, target: `x@sha256:${'0'.repeat(64)}` }, ...invalid],
      ['remove-image', { image: 'nothing' }, 404, 'image-not-found'],
    ])
    for (const text of ['???', 'bm90IGpzb24', Buffer.from('{"username":1}').toString('base64url')]) {
      const reply = await api.command('pull-image', { reference: 'alpine' }, credentials(text))
      isProblem(reply, 400, 'invalid-request', text)
      assert.doesNotMatch(reply.text, /not json/)
    }
  })

  it('by an id that has several names must say which', async () => {
    await using api = trialApi()
    await api.withImage()
    await api.command('tag-image', { source: image, target: 'other:1' })
    const { body } = await api.get(`/v1/images/${image}`)
    await refusedWithoutTrace(api, [
      ['remove-image', { image: String(body['id']) }, 409, 'image-ambiguous', /other:1/],
    ])
  })
})

describe('a query', () => {
  const paths = [
    '/v1/containers',
    '/v1/containers/web',
    '/v1/containers/web/history',
    '/v1/containers/web/why',
    '/v1/containers/web/wait',
    '/v1/containers/web/output',
    '/v1/images',
    `/v1/images/${image}`,
    `/v1/images/${image}/history`,
    '/v1/content',
    '/v1/snapshots',
    '/v1/bundles',
    '/v1/events',
    '/v1/events/@1',
    '/v1/progress',
    '/v1/version',
    '/v1/info',
    '/v1/config',
  ]

  it('must consist of known parameters, on every route', async () => {
    await using api = trialApi()
    await api.withImage()
    await api.command('create-container', { image, name: 'web' })
    for (const path of paths) isProblem(await api.get(`${path}?nonsense=1`), 400, 'invalid-request', path)
    isProblem(
      await api.ask('POST', '/v1/commands/stop-container?until=exited', { body: {} }),
      400,
      'invalid-request',
      'until',
    )
  })

  it('A8 must have values that mean something', async () => {
    await using api = trialApi()
    await api.withImage()
    await api.command('create-container', { image, name: 'web' })
    for (const [path, status, reason] of [
      ['/v1/containers?all=maybe', 400, 'invalid-request'],
      ['/v1/containers?at=NaN', 400, 'invalid-moment'],
      ['/v1/containers?at=whenever', 400, 'invalid-moment'],
      ['/v1/containers?at=@999999', 404, 'moment-not-found'],
      ['/v1/containers?at=boot-3', 404, 'moment-not-found'],
      ['/v1/containers?at=@1&at=@2', 400, 'invalid-request'],
      ['/v1/events?limit=0', 400, 'invalid-request'],
      ['/v1/events?limit=1e309', 400, 'invalid-request'],
      ['/v1/events?limit=1001', 400, 'invalid-request'],
      ['/v1/events?order=sideways', 400, 'invalid-request'],
      ['/v1/events?since=NaN', 400, 'invalid-moment'],
      ['/v1/events?after=@-1', 400, 'invalid-moment'],
      ['/v1/events?category=nonsense', 400, 'invalid-request'],
      ['/v1/containers/web/output?tail=-1', 400, 'invalid-request'],
      ['/v1/containers/web/output?since=NaN', 400, 'invalid-moment'],
      ['/v1/containers/web/output?follow=perhaps', 400, 'invalid-request'],
      ['/v1/containers/web/output?stdout=false&stderr=false', 400, 'invalid-request'],
      ['/v1/containers/web/output', 404, 'output-not-kept'],
      ['/v1/containers/nobody', 404, 'container-not-found'],
      ['/v1/containers/%2e%2e%2f', 404, 'container-not-found'],
      ['/v1/containers/nobody/why', 404, 'container-not-found'],
      ['/v1/containers/nobody/wait', 404, 'container-not-found'],
      ['/v1/containers/nobody/history', 404, 'container-not-found'],
      [`/v1/containers/${'x'.repeat(2000)}`, 404, 'container-not-found'],
      ['/v1/images/nothing', 404, 'image-not-found'],
      ['/v1/images/Not%20One', 400, 'invalid-reference'],
      ['/v1/images/nothing/history', 404, 'image-not-found'],
      ['/v1/content/sha256:abc', 404, 'blob-not-found'],
      ['/v1/snapshots/x', 404, 'snapshot-not-found'],
      ['/v1/bundles/x', 404, 'bundle-not-found'],
      ['/v1/execs/x', 404, 'exec-not-found'],
      ['/v1/execs/x/wait', 404, 'exec-not-found'],
      ['/v1/execs/x/output', 404, 'exec-not-found'],
      ['/v1/operations/x', 404, 'operation-not-found'],
      ['/v1/events/@0', 404, 'event-not-found'],
      ['/v1/events/@99999', 404, 'event-not-found'],
      ['/v1/events/zzz', 404, 'event-not-found'],
      ['/v1/streams/nothing-n1/x', 404, 'stream-not-found'],
      ['/v1/nothing', 404, 'route-not-found'],
      ['/', 404, 'route-not-found'],
      ['/v1/commands/fly-away', 404, 'route-not-found'],
      ['/v1/containers/%zz', 400, 'invalid-request'],
      ['/v1/commands/start-container', 405, 'method-not-allowed'],
    ] as const)
      isProblem(await api.get(path), status, reason, path.slice(0, 80))
  })

  it('of streams reads the whole log only once, and up to its end', async () => {
    await using api = trialApi()
    const reply = await api.get('/v1/events', { accept: 'text/event-stream', 'last-event-id': 'x' })
    isProblem(reply, 400, 'invalid-request', 'Last-Event-ID')
    const beyond = await api.get('/v1/events', { accept: 'text/event-stream', 'last-event-id': '7' })
    isProblem(beyond, 404, 'moment-not-found', 'Last-Event-ID')
  })
})

describe('a method that a path does not take', () => {
  it('is refused with those that it takes', async () => {
    await using api = trialApi()
    for (const [method, path, allow] of [
      ['PUT', '/v1/containers', 'GET'],
      ['DELETE', '/v1/containers/web', 'GET'],
      ['GET', '/v1/containers/web/input', 'POST'],
      ['POST', '/v1/images/alpine', 'GET'],
      ['PUT', '/v1/commands/run-container', 'POST'],
    ] as const) {
      const reply = await api.ask(method, path)
      isProblem(reply, 405, 'method-not-allowed', `${method} ${path}`)
      assert.equal(reply.headers['allow'], allow)
    }
  })
})

describe('streams', () => {
  it('refuse what cannot be', async () => {
    await using api = trialApi()
    await api.withImage()
    await api.command('create-container', { image, name: 'still' })
    await api.command('run-container', { image, name: 'web' })
    const size = (body: unknown) => api.ask('POST', '/v1/containers/web/resize', { body })
    isProblem(await size({ rows: 0, columns: 0 }), 400, 'invalid-request', '0x0')
    isProblem(await size({ rows: 65_536, columns: 1 }), 400, 'invalid-request', '65536')
    isProblem(await size({ rows: 'a' }), 400, 'invalid-request', 'rows')
    isProblem(await size(undefined), 400, 'invalid-request', 'nothing')
    const input = (name: string) =>
      api.ask('POST', `/v1/containers/${name}/input`, {
        body: 'x',
        headers: { 'content-type': 'application/octet-stream' },
      })
    isProblem(await input('still'), 409, 'container-not-running', 'still')
    isProblem(await input('web'), 409, 'input-closed', 'web')
    isProblem(await input('nobody'), 404, 'container-not-found', 'nobody')
    assert.deepEqual(api.reports, [])
  })
})
