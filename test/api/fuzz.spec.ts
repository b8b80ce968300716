import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type * as t from 'io-ts'
import { commandBodies } from '../../src/api/openapi.ts'
import { arbitraryOf, awkward } from '../support/codec-values.ts'
import { runs } from '../support/long.ts'
import { soon } from '../support/soon.ts'
import { trialApi } from './support/trial-api.ts'
import type { Reply, TrialApi } from './support/trial-api.ts'

const image = 'alpine:3.20'

/** Never a fault of ours, never silence, and what is refused is a problem with something to read. */
const isAnswer = ({ status, headers, body, text }: Reply, note: string) => {
  assert.ok(status >= 200 && status < 500, `${note}: ${status} ${text.slice(0, 500)}`)
  if (status < 400) return
  assert.match(String(headers['content-type']), /^application\/problem\+json/, note)
  assert.equal(typeof body['detail'], 'string', note)
  assert.doesNotMatch(String(body['detail']), /undefined|\[object|TypeError| at .*\.ts/, note)
  assert.ok(text.length < 20_000, `${note}: an answer of ${text.length} bytes`)
}

const world = async () => {
  const api = trialApi()
  await api.withImage()
  await api.command('run-container', { image, name: 'web' })
  return api
}

const answered = async (api: TrialApi, reply: Promise<Reply>, note: string) => {
  isAnswer(await soon(note, reply, 10_000), note)
  assert.deepEqual(api.reports, [], note)
}

/** Fields that reach further than others, as long as they name something that is there. */
const there = fc.record(
  {
    image: fc.constant(image),
    container: fc.constant('web'),
    reference: fc.constant(image),
    source: fc.constant(image),
    args: fc.constant(['true']),
  },
  { requiredKeys: [] },
)

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What the codec takes, some of it made to name what is there; or the same with one thing in it that is something else. */
const bodyOf = (codec: t.Mixed) => {
  const valid = fc.tuple(arbitraryOf(codec), there).map(([body, real]) => {
    const known = Object.entries(real).filter(([key]) => isObject(body) && key in body)
    return { ...(body as object), ...Object.fromEntries(known) }
  })
  const broken = fc
    .tuple(valid, fc.nat(), fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(...awkward)))
    .map(([body, at, junk]) => {
      const keys = Object.keys(body)
      const key = keys[at % Math.max(1, keys.length)] ?? 'x'
      return { ...body, [key]: junk }
    })
  return fc.oneof(valid, broken, fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue()))
}

describe('every command', () => {
  for (const [name, codec] of Object.entries(commandBodies))
    it(`${name} answers whatever its body is`, async () => {
      await using api = await world()
      await fc.assert(
        fc.asyncProperty(bodyOf(codec), async body => {
          await answered(
            api,
            api.ask('POST', `/v1/commands/${name}`, { body }),
            JSON.stringify(body).slice(0, 500),
          )
        }),
        { numRuns: runs(100, 5_000) },
      )
    })

  it('answers a body of bytes that were changed, cut off or doubled', async () => {
    await using api = await world()
    const bodies = [
      [
        'create-container',
        { image, name: 'x', args: ['sh', '-c', 'true'], env: ['A=ü'], memory: 1e7, labels: { a: 'b' } },
      ],
      ['exec-container', { container: 'web', args: ['true'], consoleSize: { rows: 24, columns: 80 } }],
      ['stop-container', { container: 'web', timeout: 1, signal: 'SIGTERM' }],
    ] as const
    const change = fc.record({
      which: fc.nat(bodies.length - 1),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      with: fc.uint8Array({ maxLength: 8 }),
      drop: fc.nat(8),
    })
    await fc.assert(
      fc.asyncProperty(change, async ({ which, at, with: bytes, drop }) => {
        const [name, body] = bodies[which] as (typeof bodies)[number]
        const whole = Buffer.from(JSON.stringify(body))
        const from = Math.floor(at * whole.length)
        const changed = Buffer.concat([whole.subarray(0, from), bytes, whole.subarray(from + drop)])
        const headers = { 'content-type': 'application/json' }
        const asked = api.ask('POST', `/v1/commands/${name}`, { body: changed, headers })
        await answered(api, asked, changed.toString('latin1'))
      }),
      { numRuns: runs(300, 20_000) },
    )
  })

  it('answers whatever its headers are', async () => {
    await using api = await world()
    const value = fc.oneof(
      fc.stringMatching(/^[\x20-\x7e\x80-\xff]{0,200}$/),
      fc.constantFrom(
        'wait=',
        'wait=-1',
        'wait=1e9',
        'wait=999999999999',
        'respond-async, wait=3',
        '"',
        ',,,',
        'x'.repeat(8_000),
      ),
    )
    const names = [
      'prefer',
      'idempotency-key',
      'registry-auth',
      'content-type',
      'accept',
      'expect',
      'range',
      'if-match',
    ]
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), value, async (header, text) => {
        const headers = { 'content-type': 'application/json', [header]: text.trim() }
        const body = JSON.stringify({ reference: image })
        await answered(
          api,
          api.ask('POST', '/v1/commands/pull-image', { body, headers }),
          `${header}: ${text}`,
        )
      }),
      { numRuns: runs(200, 5_000) },
    )
  })

  it('that is as large as it may be is taken, or refused for what is in it', async () => {
    await using api = await world()
    const large = 2 ** 20 - 200
    for (const fields of [
      { labels: { a: 'x'.repeat(large) } },
      { labels: Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`k${i}`, 'v'])) },
      { args: ['true', ...Array.from({ length: 9 }, () => 'x'.repeat(110_000))] },
      { env: Array.from({ length: 60_000 }, (_, i) => `NAME${i}=1`) },
      { seccomp: { defaultAction: 'SCMP_ACT_ALLOW', padding: 'x'.repeat(large) } },
      {
        binds: Array.from({ length: 12_000 }, (_, i) => ({ source: '/x', target: `/y${i}`, readonly: true })),
      },
    ]) {
      const [field = ''] = Object.keys(fields)
      const reply = await soon(
        field,
        api.command('create-container', { image, name: field, ...fields }),
        30_000,
      )
      isAnswer(reply, field)
      assert.notEqual(reply.status, 202, `${field} is not over`)
    }
    assert.deepEqual(api.reports, [])
  })
})

type Parameter = Readonly<{ name: string; in: string; schema: unknown }>
type Paths = Readonly<
  Record<string, Readonly<Record<string, Readonly<{ parameters?: ReadonlyArray<Parameter> }>>>>
>

describe('every question', () => {
  const word = fc.oneof(
    fc.constantFrom(
      'web',
      image,
      '@1',
      '@0',
      'now',
      'boot',
      '10m',
      'true',
      '1',
      'all',
      'ContainerCreated',
      'container',
      ...awkward,
    ),
    fc.string({ unit: 'binary' }),
    fc.webQueryParameters(),
    fc.date({ noInvalidDate: true }).map(date => date.toISOString()),
  )
  /** Well-formed UTF-16 only: encodeURIComponent takes no other, and there are no other bytes in a URL. */
  const encoded = (text: string) => encodeURIComponent(text.toWellFormed())

  it('answers whatever is in its path and its query', async () => {
    await using api = await world()
    const { body } = await api.get('/v1/openapi.json')
    const routes = Object.entries(body['paths'] as Paths).flatMap(([path, methods]) =>
      methods['get'] === undefined
        ? []
        : [
            {
              path,
              names: (methods['get'].parameters ?? [])
                .filter(({ in: where }) => where === 'query')
                .map(({ name }) => name),
            },
          ],
    )
    assert.ok(routes.length > 20)
    // These wait for what does not come, or never end.
    const endless = /\/(?:wait|progress)$/
    const asked = fc
      .constantFrom(...routes.filter(({ path }) => !endless.test(path)))
      .chain(({ path, names }) =>
        fc.record({
          path: fc.constant(path),
          parts: fc.array(word, { minLength: 2, maxLength: 2 }),
          query: fc.array(fc.tuple(fc.oneof(fc.constantFrom(...names, 'nonsense'), fc.string()), word), {
            maxLength: 4,
          }),
        }),
      )
    await fc.assert(
      fc.asyncProperty(asked, async ({ path, parts, query }) => {
        let i = 0
        const filled = path.replaceAll(/\{\w+\}/g, () => encoded(parts[i++] ?? 'x'))
        const pairs = query
          .filter(([name]) => name !== 'follow')
          .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
        const url = pairs.length === 0 ? filled : `${filled}?${pairs.join('&')}`
        await answered(api, api.get(url), url)
      }),
      { numRuns: runs(1_000, 50_000) },
    )
  })

  it('answers a query of bytes that are no query', async () => {
    await using api = await world()
    const raw = fc.stringMatching(/^[!-"$-~]{0,200}$/)
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('/v1/containers', '/v1/events', '/v1/images', '/v1/containers/web/why'),
        raw,
        async (path, query) => {
          await answered(api, api.get(`${path}?${query}`), query)
        },
      ),
      { numRuns: runs(300, 10_000) },
    )
  })

  it('for what comes after an event takes only positions that there are', async () => {
    await using api = await world()
    const id = fc
      .oneof(
        fc.constantFrom(...awkward.filter(text => /^[\x20-\x7e]*$/.test(text))),
        fc.stringMatching(/^[\x20-\x7e]{0,40}$/),
        fc.bigInt({ min: 1n << 40n }).map(String),
      )
      .filter(text => !/^\d{1,4}$/.test(text.trim()))
    await fc.assert(
      fc.asyncProperty(id, async last => {
        const reply = await soon(
          last,
          api.get('/v1/events', { accept: 'text/event-stream', 'last-event-id': last.trim() }),
          5_000,
        )
        assert.ok([400, 404].includes(reply.status), `${last}: ${reply.status}`)
        isAnswer(reply, last)
      }),
      { numRuns: runs(200, 5_000) },
    )
  })
})
