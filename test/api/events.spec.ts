import assert from 'node:assert/strict'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { listenOn } from '../../src/api/server.ts'
import { scratch } from '../support/scratch.ts'
import { eventStream } from './support/event-stream.ts'
import { trialApi } from './support/trial-api.ts'
import type { Reply, TrialApi } from './support/trial-api.ts'

type Json = Readonly<Record<string, unknown>>

const items = ({ body }: Reply) => body['items'] as ReadonlyArray<Json>
const positions = (reply: Reply) => items(reply).map(({ position }) => position as number)
const dataOf = (event: Json | undefined) => (event?.['data'] ?? {}) as Json
const image = 'alpine:3.20'

const withContainers = async (api: TrialApi) => {
  await api.withImage()
  await api.command('run-container', { image, name: 'web' })
  await api.command('create-container', { image, name: 'other' })
}

describe('the history in pages', () => {
  it('is all there is, in order, with who and when', async () => {
    await using api = trialApi()
    await withContainers(api)
    const reply = await api.get('/v1/events?limit=1000')
    assert.deepEqual(
      positions(reply),
      api.log.all().map(({ position }) => position),
    )
    assert.equal(reply.body['next'], null)
    assert.equal(reply.body['position'], api.log.head())
    const [first] = items(reply)
    assert.equal(first?.['type'], 'ImagePullRequested')
    assert.equal(dataOf(first)['type'], undefined)
    assert.equal((first?.['actor'] as Json | undefined)?.['user'], 'ana')
    for (const field of [
      'id',
      'stream',
      'revision',
      'recordedAt',
      'occurredAt',
      'correlation',
      'node',
      'bootId',
    ])
      assert.notEqual(first?.[field], undefined, field)
  })

  it('can be read page by page in both directions without a gap', async () => {
    await using api = trialApi()
    await withContainers(api)
    const all = api.log.all().map(({ position }) => position)
    for (const order of ['forwards', 'backwards']) {
      const seen: Array<number> = []
      for (let next: unknown = null, first = true; first || next !== null; first = false) {
        const bound = next === null ? '' : `&${order === 'forwards' ? 'after' : 'before'}=@${String(next)}`
        const page = await api.get(`/v1/events?limit=3&order=${order}${bound}`)
        seen.push(...positions(page))
        next = page.body['next']
      }
      assert.deepEqual(order === 'forwards' ? seen : seen.toReversed(), all, order)
    }
  })

  it('includes its bounds with since and until, and not with after and before', async () => {
    await using api = trialApi()
    await withContainers(api)
    assert.deepEqual(positions(await api.get('/v1/events?since=@3&until=@5')), [3, 4, 5])
    assert.deepEqual(positions(await api.get('/v1/events?after=@3&before=@5')), [4])
    const { id } = api.log.all()[3] ?? { id: '' }
    assert.deepEqual(positions(await api.get(`/v1/events?since=${id}&until=${id}`)), [4])
    assert.equal(positions(await api.get('/v1/events?since=1h')).length, Math.min(100, api.log.head()))
    assert.deepEqual(positions(await api.get('/v1/events?until=1h')), [])
  })

  it('can be only what one wants to know', async () => {
    await using api = trialApi()
    await withContainers(api)
    const types = async (query: string) => [
      ...new Set(items(await api.get(`/v1/events?limit=1000&${query}`)).map(({ type }) => type)),
    ]
    assert.deepEqual(await types('type=ImagePulled'), ['ImagePulled'])
    assert.deepEqual(await types('type=ImagePulled,ImageNamed'), ['ImageNamed', 'ImagePulled'])
    assert.deepEqual(await types('category=name'), ['ContainerNameReserved'])
    assert.deepEqual(await types('actor=nobody'), [])
    assert.equal((await types('actor=ana')).length > 5, true)
    const [asked] = items(await api.get('/v1/events?type=ContainerCreateRequested'))
    const { container } = dataOf(asked)
    const about = items(await api.get(`/v1/events?limit=1000&subject=${String(container)}`))
    assert.ok(about.some(({ type }) => type === 'SnapshotPrepared'))
    assert.ok(about.some(({ type }) => type === 'ContainerNameReserved'))
    const operation = items(
      await api.get(`/v1/events?limit=1000&correlation=${String(asked?.['correlation'])}`),
    )
    assert.ok(operation.length > 5)
    assert.ok(operation.every(({ correlation }) => correlation === asked?.['correlation']))
  })

  it('shows one event by position, by id, and by the beginning of one', async () => {
    await using api = trialApi()
    await withContainers(api)
    const { id } = api.log.all()[1] ?? { id: '' }
    for (const event of ['@2', id, id.slice(0, 13)]) {
      const reply = await api.get(`/v1/events/${event}`)
      assert.equal(reply.status, 200, event)
      assert.equal(reply.body['position'], 2)
    }
  })

  it('is the history of one stream, as of any moment', async () => {
    await using api = trialApi()
    await withContainers(api)
    const { stream, position } = api.log.all().find(({ event }) => event.type === 'ContainerCreated') ?? {
      stream: '',
      position: 0,
    }
    const now = items(await api.get(`/v1/streams/${stream}`))
    assert.deepEqual(
      now.map(({ type }) => type),
      ['ContainerCreateRequested', 'ContainerCreated', 'ContainerStartRequested', 'ContainerStarted'],
    )
    assert.equal(items(await api.get(`/v1/streams/${stream}?at=@${position}`)).length, 2)
  })
})

const listening = async (api: TrialApi) => {
  const directory = scratch('api')
  const path = join(directory.path, 'shiplog.sock')
  await listenOn(api.app, path, null)
  return { path, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() }
}

describe('the history as a stream', () => {
  it('tells what was, says when that is all, and goes on with what comes', async () => {
    await using api = trialApi()
    await using socket = await listening(api)
    await api.withImage()
    const end = api.log.head()
    using stream = await eventStream(socket.path, '/v1/events')
    assert.match(String(stream.headers['content-type']), /^text\/event-stream/)
    const past = await stream.take(end)
    assert.deepEqual(
      past.map(({ id }) => Number(id)),
      api.log.all().map(({ position }) => position),
    )
    assert.equal(past[0]?.event, 'ImagePullRequested')
    assert.equal((past[0]?.data as Json | undefined)?.['position'], 1)
    assert.deepEqual(await stream.next(), { id: null, event: 'caught-up', data: { position: end } })
    await api.command('create-container', { image, name: 'web' })
    const [next] = await stream.take(1)
    assert.equal(next?.id, String(end + 1))
  })

  it('is resumed after any event with nothing missing and nothing twice', async () => {
    await using api = trialApi()
    await using socket = await listening(api)
    await withContainers(api)
    const head = api.log.head()
    for (let last = 0; last < head; last++) {
      using stream = await eventStream(socket.path, '/v1/events', { 'last-event-id': String(last) })
      const seen = await stream.take(head - last)
      assert.deepEqual(
        seen.map(({ id }) => Number(id)),
        Array.from({ length: head - last }, (_, i) => last + 1 + i),
      )
    }
  })

  it('is only what one wants to hear', async () => {
    await using api = trialApi()
    await using socket = await listening(api)
    using stream = await eventStream(socket.path, '/v1/events?type=ImagePulled&category=pull')
    assert.equal((await stream.next()).event, 'caught-up')
    await api.withImage()
    assert.equal((await stream.next()).event, 'ImagePulled')
  })

  it('ends where it was asked to', async () => {
    await using api = trialApi()
    await using socket = await listening(api)
    await withContainers(api)
    using stream = await eventStream(socket.path, '/v1/events?until=@3')
    assert.equal((await stream.take(100)).length, 3)
  })

  it('of a reader that does not read waits for it, and costs no memory', async () => {
    await using api = trialApi()
    await using socket = await listening(api)
    await api.withImage()
    const accepted = once(api.app.server, 'connection')
    const client = connect(socket.path)
    const [connection] = (await accepted) as [Socket]
    client.write('GET /v1/events HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n\r\n')
    client.pause()
    for (let i = 0; i < 600; i++) await api.command('tag-image', { source: image, target: `t:${i}` })
    const told = JSON.stringify(api.log.all()).length
    assert.ok(told > 1 << 20, String(told))
    // What the kernel keeps of a unix socket, and what one message more may be.
    assert.ok(connection.bytesWritten < 1 << 19, String(connection.bytesWritten))
    assert.ok(connection.writableLength < 1 << 17, String(connection.writableLength))
    client.resume()
    let read = 0
    client.on('data', chunk => {
      read += String(chunk).split('\nid: ').length - 1
    })
    for (let i = 0; read < api.log.head() - 1 && i < 500; i++) await sleep(10)
    assert.equal(read, api.log.head())
    client.destroy()
    await once(client, 'close')
    assert.deepEqual(api.reports, [])
  })

  it('leaves nothing behind, however its readers go', async () => {
    await using api = trialApi()
    await using socket = await listening(api)
    await api.withImage()
    const count = () =>
      new Promise<number>(resolve => api.app.server.getConnections((_, open) => resolve(open)))
    const streams = await Promise.all(
      Array.from({ length: 100 }, () => eventStream(socket.path, '/v1/events')),
    )
    assert.equal(await count(), 100)
    for (const stream of streams) stream[Symbol.dispose]()
    for (let i = 0; (await count()) > 0 && i < 100; i++) await sleep(10)
    assert.equal(await count(), 0)
    assert.deepEqual(api.reports, [])
  })

  it('ends with the daemon', async () => {
    const api = trialApi()
    await using socket = await listening(api)
    using stream = await eventStream(socket.path, '/v1/events')
    await stream.next()
    await api[Symbol.asyncDispose]()
    await assert.rejects(stream.next())
  })
})

describe('progress', () => {
  it('is told live', async () => {
    await using api = trialApi()
    await using socket = await listening(api)
    using stream = await eventStream(socket.path, '/v1/progress')
    await sleep(20)
    const report = { digest: 'sha256:1', phase: 'fetching', bytes: 5, total: 10 } as const
    api.progress.next(report)
    assert.deepEqual((await stream.next()).data, report)
  })

  it('keeps only the newest of each blob for who is behind', async () => {
    await using api = trialApi()
    await using socket = await listening(api)
    using stream = await eventStream(socket.path, '/v1/progress')
    await sleep(20)
    for (let bytes = 1; bytes <= 1000; bytes++)
      api.progress.next({ digest: 'sha256:1', phase: 'fetching', bytes, total: 1000 })
    const seen: Array<number> = []
    while (seen.at(-1) !== 1000) seen.push(((await stream.next()).data as { bytes: number }).bytes)
    assert.ok(seen.length < 10, String(seen.length))
  })
})

describe('the socket', () => {
  it('is for root and the group only', async () => {
    await using api = trialApi()
    await using socket = await listening(api)
    assert.equal(statSync(socket.path).mode & 0o777, 0o660)
  })

  it('answers what is no HTTP with a problem, and lives on', async () => {
    await using api = trialApi()
    await using socket = await listening(api)
    for (const nonsense of [
      'hello\r\n\r\n',
      'POST /v1/commands/start-container HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
    ]) {
      const client = connect(socket.path)
      client.on('error', () => {})
      client.write(nonsense)
      let answer = ''
      client.on('data', chunk => {
        answer += String(chunk)
      })
      await once(client, 'close')
      assert.match(answer, /^HTTP\/1.1 4\d\d .*application\/problem\+json/s)
    }
    assert.equal((await api.get('/v1/version')).status, 200)
  })
})
