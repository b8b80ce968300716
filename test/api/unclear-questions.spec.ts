import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { trialApi } from './support/trial-api.ts'
import type { Reply, TrialApi } from './support/trial-api.ts'

type Json = Readonly<Record<string, unknown>>
const image = 'alpine:3.20'
const detail = ({ body }: Reply) => String(body['detail'])
const items = ({ body, text }: Reply) => (body['items'] ?? assert.fail(text)) as ReadonlyArray<Json>

const withContainer = async (api: TrialApi) => {
  await api.withImage()
  const { body } = await api.command('run-container', { image, name: 'web' })
  return (body['subject'] as Readonly<{ id: string }>).id as Parameters<TrialApi['end']>[0]
}

const asOf = [
  '/v1/containers?at=',
  '/v1/containers/web?at=',
  '/v1/containers/web/history?at=',
  '/v1/containers/web/why?at=',
  `/v1/images?at=`,
  `/v1/images/${image}?at=`,
  `/v1/images/${image}/history?at=`,
  '/v1/content?at=',
  '/v1/snapshots?at=',
  '/v1/bundles?at=',
] as const

const bounds = [
  '/v1/events?since=',
  '/v1/events?until=',
  '/v1/events?after=',
  '/v1/events?before=',
  '/v1/containers/web/output?since=',
  '/v1/containers/web/output?until=',
] as const

describe('A8 a moment', () => {
  it('A8 that is empty is refused, and not taken for now', async () => {
    await using api = trialApi()
    const id = await withContainer(api)
    api.written.set(id, [])
    for (const path of [...asOf, ...bounds]) {
      for (const moment of ['', '%20', 'NaN', '-1e309', '@-1', '@1e3', '%00', '2026-02-30', '25:00', '-']) {
        const reply = await api.get(`${path}${moment}`)
        assert.equal(reply.status, 400, `${path}${moment}: ${reply.text}`)
        assert.equal(reply.body['reason'], 'invalid-moment', `${path}${moment}`)
        assert.match(detail(reply), /a moment is one of|may be many things/)
      }
    }
  })

  it('A8 of the future is refused where an answer is to be as of then: nobody knows it', async () => {
    await using api = trialApi()
    await withContainer(api)
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString()
    for (const path of asOf) {
      const reply = await api.get(path + tomorrow)
      assert.equal(reply.status, 400, `${path}: ${reply.text}`)
      assert.equal(reply.body['reason'], 'invalid-moment')
      assert.match(detail(reply), /is in the future/)
    }
    // What was recorded by a clock that goes before ours has been all the same.
    api.setClock(() => new Date('2026-01-01T00:00:00Z'))
    const { recordedAt } = api.log.all().at(-1) ?? assert.fail()
    const reply = await api.get(`/v1/containers?at=${recordedAt.toISOString()}`)
    assert.equal(reply.status, 200, reply.text)
    assert.equal(items(reply).length, 1)
  })

  it('A8 of the future ends no list, and nothing begins there', async () => {
    await using api = trialApi()
    await withContainer(api)
    assert.ok(items(await api.get('/v1/events?until=2999-01-01')).length > 5)
    assert.deepEqual(items(await api.get('/v1/events?since=2999-01-01')), [])
  })

  it('A8 until before since is refused, for events and for output', async () => {
    await using api = trialApi()
    api.written.set(await withContainer(api), [])
    for (const [since, until] of [
      ['1m', '2m'],
      ['2026-11-24T10:00:01Z', '2026-11-24T10:00:00.999Z'],
      ['@5', '@4'],
      ['2999-01-01', 'now'],
    ] as const)
      for (const path of ['/v1/events', '/v1/containers/web/output']) {
        const reply = await api.get(`${path}?since=${since}&until=${until}`)
        assert.equal(reply.status, 400, `${path} ${since} ${until}: ${reply.text}`)
        assert.match(detail(reply), /for until: it is before since/)
      }
    for (const query of ['since=2m&until=1m', 'since=@4&until=@4', 'since=1m'])
      for (const path of ['/v1/events', '/v1/containers/web/output'])
        assert.equal((await api.get(`${path}?${query}`)).status, 200, query)
  })
})

describe('A8 numbers in a query', () => {
  it('A8 are whole, and within bounds', async () => {
    await using api = trialApi()
    api.written.set(await withContainer(api), [])
    const wrong = ['-1', '0x10', '1e309', 'NaN', '1.5', '', '%00', '10000000000', '٣', ' 1', 'Infinity']
    for (const [path, more] of [
      ['/v1/events?limit=', ['0', '1001']],
      ['/v1/containers/web/output?tail=', ['ALL']],
    ] as const)
      for (const value of [...wrong, ...more]) {
        const reply = await api.get(path + value)
        assert.equal(reply.status, 400, `${path}${value}: ${reply.text}`)
      }
    assert.equal((await api.get('/v1/events?limit=1&limit=2')).status, 400)
    assert.equal((await api.get('/v1/containers/web/output?tail=0')).status, 200)
  })

  it('A8 Range means nothing here: the whole answer comes', async () => {
    await using api = trialApi()
    api.written.set(await withContainer(api), [])
    for (const path of ['/v1/containers', '/v1/events', '/v1/containers/web/output'])
      for (const range of ['bytes=0-1', 'bytes=-1', 'bytes=9-1', 'items=0-', `bytes=${'0-,'.repeat(1000)}`]) {
        const reply = await api.get(path, { range })
        assert.equal(reply.status, 200)
        assert.equal(reply.headers['content-range'], undefined)
      }
  })
})

describe('a filter of events', () => {
  it('by a type that there is not is refused, with what may have been meant', async () => {
    await using api = trialApi()
    await withContainer(api)
    for (const [type, meant] of [
      ['ContainerExit', /ContainerExited/],
      ['containerexited', /ContainerExited/],
      ['ContainreStarted', /ContainerStarted/],
      ['Nope', /there is no type of event "Nope"$/],
      ['ContainerExited,Nope', /"Nope"/],
      ['__proto__', /__proto__/],
      ['', /""/],
    ] as const) {
      const reply = await api.get(`/v1/events?type=${type}`)
      assert.equal(reply.status, 400, `${type}: ${reply.text}`)
      assert.match(detail(reply), meant)
    }
    assert.equal((await api.get('/v1/events?type=ContainerExited,ContainerLost')).status, 200)
  })

  it('that is empty is refused, whatever it is by', async () => {
    await using api = trialApi()
    for (const name of ['type', 'category', 'subject', 'actor', 'correlation'])
      for (const value of ['', ',', 'x,'])
        assert.equal((await api.get(`/v1/events?${name}=${value}`)).status, 400, `${name}=${value}`)
  })

  it('by a subject finds what events are about, and not what they say besides', async () => {
    await using api = trialApi()
    const id = await withContainer(api)
    const about = async (subject: string) => items(await api.get(`/v1/events?subject=${subject}&limit=1000`))
    for (const word of ['default', '/bin/sh', 'library/alpine', 'nosuch', 'true', '1', 'docker.io', 'none'])
      assert.deepEqual(await about(word), [], word)
    const blob = api.log.all().find(({ event }) => event.type === 'BlobStored')?.event['blob'] as Json
    for (const subject of [id, 'web', 'docker.io/library/alpine:3.20', String(blob['digest'])])
      assert.ok((await about(subject)).length > 0, subject)
  })
})

describe('A6 a refusal', () => {
  it('A6 names what was named, as it was', async () => {
    await using api = trialApi()
    const id = await withContainer(api)
    await api.command('create-container', { image, name: 'still' })
    for (const [command, body] of [
      ['kill-container', { container: 'still' }],
      ['pause-container', { container: 'still' }],
      ['exec-container', { container: 'still', args: ['true'] }],
      ['unpause-container', { container: 'web' }],
      ['remove-container', { container: 'web' }],
    ] as const) {
      const reply = await api.command(command, body)
      assert.equal(reply.status, 409, reply.text)
      assert.match(detail(reply), new RegExp(`container ${body.container} `), command)
      assert.doesNotMatch(reply.text, new RegExp(id.slice(0, 12)))
    }
    const input = await api.ask('POST', '/v1/containers/still/input', {
      body: 'x',
      headers: { 'content-type': 'application/octet-stream' },
    })
    assert.match(detail(input), /^container still /)
    assert.match(detail(await api.get('/v1/containers/web/output')), /^container web /)
    assert.equal((await api.command('remove-container', { container: 'web', force: true })).status, 200)
    assert.match(detail(await api.command('start-container', { container: 'web' })), /no container web$/)
  })

  it('A6 of a word that cannot be says what one may look like, once', async () => {
    await using api = trialApi()
    await withContainer(api)
    for (const name of ['⛵', '..', '%2e%2e%2f', 'x'.repeat(65_536), ' web', 'a/b', '', '-a'])
      for (const [command, body] of [
        ['create-container', { image, name }],
        ['rename-container', { container: 'web', name }],
      ] as const) {
        const reply = await api.command(command, body)
        assert.equal(reply.status, 400, reply.text)
        assert.match(detail(reply), /^name: expected 1 to 128 letters, digits, _, \. and -, .* got "/)
        assert.doesNotMatch(detail(reply), /ContainerName|null|;/)
        assert.ok(detail(reply).length < 500)
      }
    const wrong = await api.command('create-container', { image, memory: 'lots', seccomp: 5 })
    assert.match(detail(wrong), /memory: expected number, got "lots"/)
    assert.match(detail(wrong), /seccomp: expected .* or .*, got 5/)
  })
})

describe('why', () => {
  const chainOf = ({ body }: Reply) =>
    (body['chain'] as ReadonlyArray<Readonly<{ event: Json }>>).map(({ event }) => event['type'])

  it('is about the last run of a container, and about all of them where that is asked', async () => {
    await using api = trialApi()
    const id = await withContainer(api)
    const endRun = async (after: number) => {
      api.end(id, api.exited(0))
      await api.until('ContainerExited', after)
    }
    await endRun(0)
    const first = chainOf(await api.get('/v1/containers/web/why'))
    assert.equal(first[0], 'ContainerCreateRequested')
    const before = api.log.head()
    await api.command('start-container', { container: 'web' })
    await endRun(before)
    const last = await api.get('/v1/containers/web/why')
    assert.deepEqual(chainOf(last), ['ContainerStartRequested', 'ContainerStarted', 'ContainerExited'])
    assert.equal(last.body['earlier'], first.length)
    const all = await api.get('/v1/containers/web/why?all=true')
    assert.deepEqual(chainOf(all), [...first, ...chainOf(last)])
    assert.equal(all.body['earlier'], 0)
    assert.equal(all.body['sentence'], last.body['sentence'])
  })

  it('a run came of a restart is told from the asking for it on', async () => {
    await using api = trialApi()
    const id = await withContainer(api)
    const restarted = api.command('restart-container', { container: 'web' })
    await api.until('ContainerStopRequested')
    api.end(id, api.exited(0))
    assert.equal((await restarted).status, 200)
    assert.equal(chainOf(await api.get('/v1/containers/web/why'))[0], 'ContainerStopRequested')
  })
})
