import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { EventStoreDBClient, jsonEvent, streamNameFilter } from '@eventstore/db-client'
import type {
  AllStreamRecordedEvent,
  AppendResult,
  Credentials,
  Direction,
  Filter as ServerFilter,
  JSONEventData,
  ReadPosition,
} from '@eventstore/db-client'
import * as E from 'fp-ts/lib/Either.js'
import type {
  AppendError,
  Appended,
  LoadError,
  Position,
  Recorded,
  Revision,
  Stored,
  StreamName,
} from '../../domain/kernel/store.ts'
import { failpoint } from '../host/failpoint.ts'
import { envelope, serialised, unavailable } from './envelope.ts'
import type { Draft, Origin } from './envelope.ts'
import { followForever } from './eventstoredb-follow.ts'
import type { Subscription } from './eventstoredb-follow.ts'
import {
  credentialsIn,
  expectedRevision,
  fromPosition,
  meaningOf,
  streamsOfNode,
  toPosition,
  toRecorded,
} from './eventstoredb-mapping.ts'
import type { OpenedLog } from './opened-log.ts'
import { Unreadable } from './unreadable.ts'

type Resolved = Readonly<{ event?: AllStreamRecordedEvent }>

/** What is used of the client. */
export type Client = Readonly<{
  appendToStream: (
    stream: string,
    events: Array<JSONEventData>,
    options: { expectedRevision: bigint | 'no_stream'; credentials: Credentials; deadline: number },
  ) => Promise<AppendResult>
  readStream: (
    stream: string,
    options: { fromRevision: bigint | 'start' | 'end'; direction: Direction; maxCount?: number },
  ) => Readable
  readAll: (options: { fromPosition: ReadPosition; direction: Direction; maxCount: number }) => Readable
  subscribeToAll: (options: { fromPosition: ReadPosition; filter: ServerFilter }) => Subscription
  dispose: () => Promise<void>
}>

type Options = Origin &
  Readonly<{
    /**
     * `esdb://[user:password@]host:port[,host:port…]?tls=…`. DNS names (Node refuses TLS to an IP literal); a cluster
     * with `nodePreference=leader`, or what was just written may not be there to be read for a while.
     */
    url: string
    /** Every category there is: "all events" is asked for by their names. */
    categories: ReadonlyArray<string>
    /** For tests: what is used instead of the real client, and how long to be patient. */
    client?: Client
    patience?: Partial<Patience>
  }>

type Patience = Readonly<{
  /** One attempt to append, and the silence after which a read is given up; the client's own deadline for reads is ignored. */
  answerMs: number
  /** All attempts to append together. A cluster that loses its leader takes 5 to 13 s. */
  appendMs: number
}>

const defaultPatience: Patience = { answerMs: 5_000, appendMs: 20_000 }

/** This log's own name, the first event that anybody wrote to it. */
const identity: StreamName = 'shiplog-log'
const pageSize = 500

/**
 * The event log on EventStoreDB (client 6.2.1, servers 20.10 and newer).
 *
 * An append whose outcome is not known (the connection was lost, the leader changed) is asked for again with the same
 * event ids and the same exact revision, which the server recognises, until `patience.appendMs` is over; only then the
 * answer is `store-unavailable`, and in this one case the events may be written after all: repeating the command
 * finds out. Positions are commit positions: they grow, with gaps.
 *
 * Verified here: the mapping, and the whole contract of a log against a scripted client in memory, with lost answers
 * and dropped subscriptions. The defects of client and server that it works around were measured on a real server,
 * 23.10.6; this adapter itself has not been run against one.
 */
export const openEventStoreDB = async (options: Options): Promise<OpenedLog> => {
  const { url, node, categories: allCategories } = options
  const client: Client = options.client ?? (EventStoreDBClient.connectionString(url) as unknown as Client)
  const patience = { ...defaultPatience, ...options.patience }
  const credentials = credentialsIn(url)
  const draft = envelope(options)
  const closing = new AbortController()
  const streamsOf = (categories: ReadonlyArray<string> | null) =>
    streamsOfNode(categories ?? allCategories, node)
  let head: Position = 0
  const sawAll = (events: ReadonlyArray<Recorded<Stored>>) => {
    head = Math.max(head, events.at(-1)?.position ?? 0)
  }

  const readStream = (stream: string, after: Revision, maxCount?: number) =>
    collect(
      client.readStream(stream, {
        fromRevision: after === 0 ? 'start' : BigInt(after),
        direction: 'forwards',
        ...(maxCount === undefined ? {} : { maxCount }),
      }),
      patience.answerMs,
    )

  const newestRevision = async (stream: string): Promise<Revision> => {
    const [newest] = await collect(
      client.readStream(stream, { fromRevision: 'end', direction: 'backwards', maxCount: 1 }),
      patience.answerMs,
    )
    return newest?.revision ?? 0
  }

  /** One attempt. The answer has no positions and times but the last, so what was written is read back. */
  const write = async (
    stream: StreamName,
    expected: Revision,
    drafts: ReadonlyArray<Draft>,
  ): Promise<Outcome> => {
    if (drafts.length === 0) {
      const revision = await newestRevision(stream)
      return revision === expected ? E.right({ revision, position: head, events: [] }) : conflict(stream)
    }
    for (const { event } of drafts) failpoint(`append ${event.type}`)
    await client.appendToStream(
      stream,
      drafts.map(({ id, event, metadata }) => jsonEvent({ id, type: event.type, data: event, metadata })),
      { expectedRevision: expectedRevision(expected), credentials, deadline: patience.answerMs },
    )
    for (const { event } of drafts) failpoint(`appended ${event.type}`)
    const events = await readStream(stream, expected, drafts.length)
    const last = events.at(-1)
    if (last === undefined || events.length !== drafts.length)
      throw new Error(`${stream}: what was appended cannot be read back`)
    sawAll(events)
    return E.right({ revision: last.revision, position: last.position, events })
  }

  const append = async (
    stream: StreamName,
    expected: Revision,
    drafts: ReadonlyArray<Draft>,
  ): Promise<Outcome> => {
    const start = performance.now()
    for (let attempt = 0; ; attempt++)
      try {
        return await write(stream, expected, drafts)
      } catch (error) {
        const meaning = meaningOf(error)
        if (meaning === 'conflict') return conflict(stream)
        const isOver = performance.now() - start >= patience.appendMs || closing.signal.aborted
        if (meaning === 'refused' || isOver) return E.left(unavailable(`${stream}: ${explained(error)}`))
        const pause = Math.min(1_000, patience.answerMs / 10, 50 * 2 ** attempt)
        await sleep(pause, undefined, { signal: closing.signal }).catch(() => {})
      }
  }

  const newestPosition = async (): Promise<Position> => {
    for await (const { event } of answered(
      client.readAll({ fromPosition: 'end', direction: 'backwards', maxCount: 1 }),
      patience.answerMs,
    ))
      if (event !== undefined) return toPosition(event.position.commit)
    return 0
  }

  /** Names the log if nobody has: whoever is first in a fleet decides. */
  const nameOf = async (): Promise<string> => {
    const context = { correlationId: 'log', causationId: null, commandId: randomUUID() }
    const actor = { kind: 'system', policy: 'name the log' } as const
    const named = { type: 'LogNamed', id: randomUUID() }
    const outcome = await append(identity, 0, draft(identity, 0, [named], { ...context, actor }))
    if (E.isLeft(outcome) && outcome.left.reason === 'store-unavailable') throw new Error(outcome.left.cause)
    const [first] = E.isRight(outcome) ? outcome.right.events : await readStream(identity, 0, 1)
    return String(first?.event['id'])
  }

  const page = async (query: Query): Promise<ReadonlyArray<Recorded<Stored>>> => {
    const { from, direction, limit, categories } = query
    const { includes } = streamsOf(categories)
    const found: Array<Recorded<Stored>> = []
    let start: ReadPosition = direction === 'backwards' && from > head ? 'end' : fromPosition(from)
    // The server cannot filter a read: what is not ours comes along.
    while (found.length < limit) {
      if (direction === 'backwards' && start === 'start') break
      let seen = 0
      let last: ReadPosition = start
      const answer = client.readAll({ fromPosition: start, direction, maxCount: pageSize })
      for await (const { event } of answered(answer, patience.answerMs)) {
        seen++
        if (event === undefined) continue
        last = event.position
        // Reads forwards begin with the event at the position itself.
        const isFirst = typeof start === 'object' && event.position.commit === start.commit
        if (!isFirst && found.length < limit && includes(event.streamId) && !event.type.startsWith('$'))
          found.push(toRecorded(event))
      }
      if (seen < pageSize) break
      start = last
    }
    return found
  }

  try {
    head = await newestPosition()
    const id = await nameOf()

    return {
      id,

      load: (stream, after) => () =>
        attempt(async () => {
          const events = await readStream(stream, after)
          sawAll(events)
          return { events, revision: events.at(-1)?.revision ?? (await newestRevision(stream)) }
        }),

      append: (stream, expected, events, context) => async () => {
        if (closing.signal.aborted) return E.left(unavailable('the log is closed'))
        const texts = serialised(stream, events)
        return E.isLeft(texts) ? texts : append(stream, expected, draft(stream, expected, events, context))
      },

      async *follow({ categories }, after, signal) {
        const { prefixes, includes } = streamsOf(categories)
        const subscribe = (last: Position, checkpointReached: (position: { commit: bigint }) => void) =>
          client.subscribeToAll({
            fromPosition: fromPosition(last),
            filter: streamNameFilter({
              prefixes,
              // Large: otherwise the server tells of its progress every 32 events.
              maxSearchWindow: 4_096,
              checkpointReached: (_, position) => checkpointReached(position),
            }),
          })
        const isOver = AbortSignal.any([signal, closing.signal])
        for await (const told of followForever(subscribe, includes, after, isOver)) {
          head = Math.max(head, told.position)
          yield told
        }
      },

      read: query => () => attempt(() => page(query)),

      head: () => head,

      [Symbol.asyncDispose]: async () => {
        closing.abort()
        await client.dispose()
      },
    }
  } catch (error) {
    await client.dispose()
    throw new Error(`${url.replace(/\/\/.*@/, '//')}: ${explained(error)}`, { cause: error })
  }
}

type Outcome = E.Either<AppendError, Appended<Stored>>
type Query = Readonly<{
  from: Position
  direction: Direction
  limit: number
  categories: ReadonlyArray<string> | null
}>

const conflict = (stream: StreamName): Outcome => E.left({ reason: 'version-conflict', stream })

const explained = (error: unknown) => (error instanceof Error ? error.message : String(error))

const attempt = async <A>(run: () => Promise<A>): Promise<E.Either<LoadError, A>> => {
  try {
    return E.right(await run())
  } catch (error) {
    return error instanceof Unreadable
      ? E.left({ reason: 'unreadable-history', stream: error.stream, cause: error.message })
      : E.left(unavailable(explained(error)))
  }
}

/** All events of a stream's read; none where there is no such stream. */
const collect = async (answer: Readable, answerMs: number): Promise<ReadonlyArray<Recorded<Stored>>> => {
  const events: Array<Recorded<Stored>> = []
  try {
    for await (const { event } of answered(answer, answerMs))
      if (event !== undefined) events.push(toRecorded(event))
  } catch (error) {
    if (meaningOf(error) !== 'missing') throw error
  }
  return events
}

/** An answer that is given up when nothing more comes of it for a while. */
const answered = async function* (answer: Readable, answerMs: number): AsyncGenerator<Resolved> {
  const giveUp = () => answer.destroy(new Error(`no answer within ${answerMs} ms`))
  answer.on('error', () => {})
  let timer = setTimeout(giveUp, answerMs)
  try {
    for await (const resolved of answer as AsyncIterable<Resolved>) {
      clearTimeout(timer)
      yield resolved
      timer = setTimeout(giveUp, answerMs)
    }
  } finally {
    clearTimeout(timer)
    answer.destroy()
  }
}
