import { Readable } from 'node:stream'
import {
  DeadlineExceededError,
  StreamNotFoundError,
  TimeoutError,
  UnavailableError,
  WrongExpectedVersionError,
} from '@eventstore/db-client'
import type { AllStreamRecordedEvent } from '@eventstore/db-client'
import type { Client } from '../../src/adapters/events/eventstoredb.ts'

type Kept = AllStreamRecordedEvent & { readonly position: { commit: bigint; prepare: bigint } }

/** What goes wrong with the next appends: the answer is lost after or before the write, or the server refuses. */
export type Fault = 'answer-lost' | 'request-lost' | 'not-ready' | 'denied'

/**
 * EventStoreDB's client as far as it is used, on an array, with the server's rules as they were measured: exact
 * revisions recognise repeated ids, positions have gaps, other people's events lie between ours, reads forwards begin
 * with their position, subscriptions after it, marks overtake events, and nothing subscribes again by itself.
 */
export const scriptedClient = () => {
  const all: Array<Kept> = []
  const streams = new Map<string, Array<Kept>>()
  const open = new Set<Readable>()
  const faults: Array<Fault> = []
  const calls = { appends: 0, subscriptions: 0, disposed: 0 }
  const wakers = new Set<() => void>()
  let commit = 1_000n

  const keep = (stream: string, id: string, type: string, data: unknown, metadata: unknown) => {
    commit += BigInt(100 + (all.length % 7) * 13)
    const history = streams.get(stream) ?? []
    const revision = BigInt(history.length)
    const text = JSON.stringify({ data, metadata })
    const kept = {
      streamId: stream,
      id,
      revision,
      type,
      isJson: true,
      created: new Date(1_750_000_000_000 + all.length),
      position: { commit, prepare: commit },
      ...(JSON.parse(text) as object),
    } as Kept
    all.push(kept)
    history.push(kept)
    streams.set(stream, history)
  }
  keep('$stats-0', 'x', '$statsCollected', { cpu: 1 }, undefined)

  const streamOf = (name: string): ReadonlyArray<Kept> => streams.get(name) ?? []
  const answer = (events: ReadonlyArray<Kept>) =>
    Readable.from(
      events.map(event => ({ event })),
      { objectMode: true },
    )

  const client: Client = {
    appendToStream: async (stream, events, { expectedRevision, credentials }) => {
      calls.appends++
      if (credentials === undefined) throw new Error('the batched call was taken')
      await new Promise(resolve => setImmediate(resolve))
      const fault = faults.shift()
      if (fault === 'request-lost') throw new DeadlineExceededError(undefined, 'Deadline exceeded')
      if (fault === 'not-ready') throw Object.assign(new Error('Server Is Not Ready'), { code: 14 })
      if (fault === 'denied') throw Object.assign(new Error('permission denied'), { code: 7 })

      const history = streamOf(stream)
      const at = expectedRevision === 'no_stream' ? 0 : Number(expectedRevision) + 1
      const before = history.slice(at, at + events.length)
      const isRepeated = before.length === events.length && events.every(({ id }, i) => id === before[i]?.id)
      if (history.length !== at && !isRepeated)
        throw new WrongExpectedVersionError(undefined, {
          streamName: stream,
          expected: expectedRevision,
          current: BigInt(history.length - 1),
        })
      if (!isRepeated) {
        for (const { id, type, data, metadata } of events) keep(stream, id, type, data, metadata)
        if (all.length % 5 === 0) keep('$stats-0', 'x', '$statsCollected', { cpu: 1 }, undefined)
        for (const wake of wakers) wake()
      }
      if (fault === 'answer-lost') throw new UnavailableError(undefined, 'Connection dropped')
      return { success: true, nextExpectedRevision: BigInt(at + events.length - 1) }
    },

    readStream: (stream, { fromRevision, direction, maxCount = Number.MAX_SAFE_INTEGER }) => {
      const history = streamOf(stream)
      if (history.length === 0) {
        const missing = new Readable({ objectMode: true, read: () => {} })
        setImmediate(() => missing.emit('error', new StreamNotFoundError(undefined, stream)))
        return missing
      }
      if (direction === 'backwards') return answer(history.toReversed().slice(0, maxCount))
      const from = typeof fromRevision === 'bigint' ? Number(fromRevision) : 0
      return answer(history.slice(from, from + maxCount))
    },

    readAll: ({ fromPosition, direction, maxCount }) => {
      const bound = typeof fromPosition === 'object' ? fromPosition.commit : null
      if (bound !== null && bound <= commit && !all.some(({ position }) => position.commit === bound))
        throw new Error('UnknownError 2: not on a record boundary')
      const events =
        direction === 'forwards'
          ? all.filter(({ position }) => bound === null || position.commit >= bound)
          : fromPosition === 'start'
            ? []
            : all.filter(({ position }) => bound === null || position.commit < bound).toReversed()
      return answer(events.slice(0, maxCount))
    },

    subscribeToAll: ({ fromPosition, filter }) => {
      calls.subscriptions++
      const prefixes = (filter as { prefixes?: Array<string> }).prefixes ?? []
      const after = typeof fromPosition === 'object' ? fromPosition.commit : -1n
      let at = all.findIndex(({ position }) => position.commit > after)
      if (at === -1) at = all.length
      let isCaughtUp = false
      const next = () => {
        while (at < all.length) {
          const event = all[at++] as Kept
          if (!prefixes.some(prefix => event.streamId.startsWith(prefix))) continue
          if (!subscription.push({ event })) return
        }
        if (isCaughtUp) return
        isCaughtUp = true
        // The real one emits its marks at once, while the events before them wait in its buffer.
        void filter.checkpointReached?.(subscription as never, { commit, prepare: commit })
        subscription.emit('caughtUp')
      }
      const subscription = new Readable({
        objectMode: true,
        highWaterMark: 16,
        read: () => setImmediate(next),
      })
      wakers.add(next)
      open.add(subscription)
      return Object.assign(subscription, {
        unsubscribe: async () => {
          wakers.delete(next)
          open.delete(subscription)
        },
      })
    },

    dispose: async () => {
      calls.disposed++
    },
  }

  return {
    client,
    calls,
    faults,
    all,
    keep,
    /** As the server does to one that reads too slowly, or when it goes away. */
    drop: () => {
      wakers.clear()
      for (const subscription of open)
        subscription.emit('error', new TimeoutError(undefined, 'Consumer too slow'))
      open.clear()
    },
    subscribers: () => open.size,
  }
}
