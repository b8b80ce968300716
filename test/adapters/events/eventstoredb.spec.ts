import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import * as E from 'fp-ts/lib/Either.js'
import {
  credentialsIn,
  expectedRevision,
  fromPosition,
  meaningOf,
  streamsOfNode,
  toPosition,
  toRevision,
} from '../../../src/adapters/events/eventstoredb-mapping.ts'
import { openEventStoreDB } from '../../../src/adapters/events/eventstoredb.ts'
import { eventLogContract } from '../../contract/event-log.contract.ts'
import { scriptedClient } from '../../support/event-store-client.ts'
import { contextOf } from '../../support/recorded.ts'

const options = {
  url: 'esdb://localhost:2113?tls=false',
  node: 'n',
  bootId: 'boot-1',
  clock: () => new Date(),
  categories: ['tale', 'other', 'third', 'odd', 'even', 'four', 'none'],
}

const world = async (patience = {}) => {
  const script = scriptedClient()
  const log = await openEventStoreDB({ ...options, client: script.client, patience })
  return { ...script, log }
}

const told = (n: number) => ({ type: 'Told', n })
const append = async ({ log }: Pick<Awaited<ReturnType<typeof world>>, 'log'>, expected: number) =>
  log.append('tale-n/a', expected, [told(expected + 1)], contextOf(`c-${expected}`))()

const reasonOf = (outcome: E.Either<Readonly<{ reason: string }>, unknown>) =>
  E.isLeft(outcome) ? outcome.left.reason : null

eventLogContract(
  'the EventStoreDB log, on a scripted client,',
  async () => await openEventStoreDB({ ...options, client: scriptedClient().client }),
)

describe('an append to EventStoreDB whose answer is lost', () => {
  it('is asked for again with the same ids, and written once', async () => {
    const w = await world()
    w.faults.push('answer-lost', 'request-lost', 'not-ready', 'answer-lost')
    const appended = await append(w, 0)
    assert.equal(E.isRight(appended) && appended.right.revision, 1)
    assert.equal(w.all.filter(({ streamId }) => streamId === 'tale-n/a').length, 1)
  })

  it('is given up after a while, and the command may be repeated', async () => {
    const w = await world({ appendMs: 60 })
    w.faults.push(...Array<'answer-lost'>(20).fill('answer-lost'))
    assert.equal(reasonOf(await append(w, 0)), 'store-unavailable')
    w.faults.length = 0
    const again = await append(w, 0)
    assert.equal(E.isRight(again) && again.right.revision, 1)
    assert.equal(w.all.filter(({ streamId }) => streamId === 'tale-n/a').length, 1)
  })

  it('is told from one that is refused, which is asked for once', async () => {
    const w = await world()
    const before = w.calls.appends
    w.faults.push('denied')
    assert.equal(reasonOf(await append(w, 0)), 'store-unavailable')
    assert.equal(w.calls.appends, before + 1)
  })
})

describe('a follower on EventStoreDB', () => {
  it('is told everything once, however often the subscription is dropped', { timeout: 20_000 }, async () => {
    const w = await world()
    const writing = (async () => {
      for (let n = 0; n < 60; n++) {
        assert.equal(reasonOf(await append(w, n)), null)
        if (n % 15 === 7) w.drop()
      }
    })()
    const seen: Array<unknown> = []
    let timesCaughtUp = 0
    for await (const tale of w.log.follow({ categories: ['tale'] }, 0, AbortSignal.timeout(15_000))) {
      if (tale.kind === 'caught-up') timesCaughtUp++
      else seen.push(...tale.events.map(({ event }) => event['n']))
      if (seen.length >= 60) break
    }
    await writing
    assert.deepEqual(
      seen,
      Array.from({ length: 60 }, (_, i) => i + 1),
    )
    assert.ok(timesCaughtUp <= 1)
    assert.ok(w.calls.subscriptions > 1)
    assert.equal(w.subscribers(), 0)
  })

  it('moves on where nothing is for it', async () => {
    const w = await world()
    for (let n = 0; n < 10; n++) w.keep('strange-m/1', `id-${n}`, 'Strange', { type: 'Strange' }, {})
    const end = Number(w.all.at(-1)?.position.commit)
    for await (const tale of w.log.follow({ categories: ['tale'] }, 0, AbortSignal.timeout(5_000))) {
      assert.equal(tale.position, end)
      if (tale.kind === 'caught-up') break
      assert.deepEqual(tale.events, [])
    }
    assert.equal(w.log.head(), end)
  })

  it('is not told of a node whose name begins the same, and is of the stream without a rest', async () => {
    const w = await world()
    const metadata = { node: 'n' }
    w.keep('tale-nm/1', 'id-1', 'Told', told(1), metadata)
    w.keep('tale-n', 'id-2', 'Told', told(2), metadata)
    for await (const tale of w.log.follow({ categories: null }, 0, AbortSignal.timeout(5_000))) {
      if (tale.kind === 'events' && tale.events.length === 0) continue
      assert.deepEqual(tale.kind === 'events' && tale.events.map(({ id }) => id), ['id-2'])
      break
    }
  })

  it('stops at an event that shiplog cannot have written', async () => {
    const w = await world()
    w.keep('tale-n/1', 'id-1', 'Told', 'no object', { node: 'n' })
    const stranger = new RegExp(`event id-1 at ${w.all.at(-1)?.position.commit} was not written by shiplog`)
    await assert.rejects(
      Array.fromAsync(w.log.follow({ categories: null }, 0, AbortSignal.timeout(5_000))),
      stranger,
    )
    assert.equal(reasonOf(await w.log.load('tale-n/1', 0)()), 'unreadable-history')
    const all = { from: 0, direction: 'forwards', limit: 9, categories: null } as const
    assert.equal(reasonOf(await w.log.read(all)()), 'unreadable-history')
  })
})

describe('EventStoreDB as a log', () => {
  it('has one name, whoever opens it', async () => {
    const { client } = scriptedClient()
    const logs = await Promise.all([1, 2, 3].map(() => openEventStoreDB({ ...options, client })))
    assert.equal(new Set(logs.map(({ id }) => id)).size, 1)
    assert.match(logs[0]?.id ?? '', /^[0-9a-f-]{36}$/)
  })

  it('gives up a read that is not answered', async () => {
    const { client } = scriptedClient()
    const silent = { ...client, readStream: client.readStream }
    const log = await openEventStoreDB({ ...options, client: silent, patience: { answerMs: 30 } })
    silent.readStream = () => new Readable({ objectMode: true, read: () => {} })
    assert.deepEqual(
      await log.load('tale-n/a', 0)(),
      E.left({ reason: 'store-unavailable', cause: 'no answer within 30 ms' }),
    )
  })

  it('says where it is when it cannot be opened, and not with which password', async () => {
    const script = scriptedClient()
    script.faults.push('denied')
    const opening = openEventStoreDB({
      ...options,
      url: 'esdb://ada:secret@host:2113',
      client: script.client,
    })
    await assert.rejects(opening, { message: 'esdb://host:2113: shiplog-log: permission denied' })
    assert.equal(script.calls.disposed, 1)
  })
})

describe('between EventStoreDB and us', () => {
  it('revisions count from 1 and nothing is appended at any revision', () => {
    assert.deepEqual([expectedRevision(0), expectedRevision(1), expectedRevision(8)], ['no_stream', 0n, 7n])
    assert.equal(toRevision(0n), 1)
  })

  it('positions are whole numbers, or an error', () => {
    assert.equal(toPosition(9_007_199_254_740_991n), Number.MAX_SAFE_INTEGER)
    assert.throws(() => toPosition(9_007_199_254_740_992n), /beyond what can be counted/)
    assert.deepEqual([fromPosition(0), fromPosition(7)], ['start', { commit: 7n, prepare: 7n }])
  })

  it('a node has streams of its own', () => {
    const { prefixes, includes } = streamsOfNode(['tale', 'tale', 'node'], 'n1')
    assert.deepEqual(prefixes, ['tale-n1', 'node-n1'])
    assert.deepEqual(['tale-n1/a', 'node-n1', 'tale-n10/a', 'other-n1/a', 'tale-n'].map(includes), [
      true,
      true,
      false,
      false,
      false,
    ])
  })

  it('appends always carry credentials, those of the connection string if there are any', () => {
    assert.deepEqual(credentialsIn('esdb://h:2113?tls=false'), { username: 'shiplog', password: 'shiplog' })
    assert.deepEqual(credentialsIn('esdb+discover://ada:p%40ss@h1:1,h2:2'), {
      username: 'ada',
      password: 'p@ss',
    })
  })

  it('errors mean what their type or code says', () => {
    const meanings = [
      { type: 'wrong-expected-version' },
      { type: 'stream-not-found' },
      { type: 'access-denied', code: 16 },
      { code: 7 },
      { type: 'unknown', message: 'BadRequest' },
      { type: 'unknown', message: 'Server Is Not Ready' },
      { type: 'unavailable', code: 14 },
      { code: 14 },
      { type: 'deadline-exceeded' },
      { type: 'timeout' },
      { type: 'not-leader' },
      new Error('read ECONNRESET'),
      undefined,
    ].map(meaningOf)
    assert.deepEqual(meanings.slice(0, 5), ['conflict', 'missing', 'refused', 'refused', 'refused'])
    assert.deepEqual([...new Set(meanings.slice(5))], ['unknown'])
  })
})
