import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Position, Recorded, Revision, Stored, StreamName } from '../../domain/kernel/store.ts'
import { envelope, serialised, unavailable } from './envelope.ts'
import type { Origin } from './envelope.ts'
import { categoryOf, followers } from './followers.ts'
import type { Pages } from './followers.ts'
import type { OpenedLog } from './opened-log.ts'

/** A log for tests and trials: all that the contract says, until the process ends. */
export const openMemoryLog = (
  origin: Origin,
): OpenedLog & Readonly<{ all: () => ReadonlyArray<Recorded<Stored>> }> => {
  const log: Array<Recorded<Stored>> = []
  const streams = new Map<StreamName, Array<Recorded<Stored>>>()
  const draft = envelope(origin)
  let isClosed = false

  const historyOf = (stream: StreamName): ReadonlyArray<Recorded<Stored>> => streams.get(stream) ?? []

  const pages: Pages = {
    after: (position, { categories }, limit) => {
      const page: Array<Recorded<Stored>> = []
      for (let i = Math.max(0, position); i < log.length && page.length < limit; i++) {
        const recorded = log[i] as Recorded<Stored>
        if (categories === null || categories.includes(categoryOf(recorded.stream))) page.push(recorded)
      }
      return page
    },
    head: () => log.length,
  }
  const readers = followers(pages)

  const record = (stream: StreamName, drafts: ReturnType<typeof draft>) => {
    const recordedAt = origin.clock()
    const events = drafts.map((event, i) => ({ ...event, position: log.length + i + 1, recordedAt }))
    const history = streams.get(stream) ?? []
    history.push(...events)
    if (events.length > 0) streams.set(stream, history)
    log.push(...events)
    readers.tell(events)
    return events
  }

  const answer = (revision: Revision, events: ReadonlyArray<Recorded<Stored>>, position?: Position) =>
    E.right({ revision, position: events.at(-1)?.position ?? position ?? log.length, events })

  return {
    id: randomUUID(),
    all: () => log,
    load: (stream, after) =>
      TE.fromIO(() => {
        const history = historyOf(stream)
        return { events: history.slice(after), revision: history.length }
      }),

    append: (stream, expected, events, context) => async () => {
      if (isClosed) return E.left(unavailable('the log is closed'))
      const texts = serialised(stream, events)
      if (E.isLeft(texts)) return texts

      const drafts = draft(stream, expected, events, context)
      const history = historyOf(stream)
      if (history.length === expected) return answer(expected + events.length, record(stream, drafts))

      const before = history.slice(expected, expected + drafts.length)
      const isRepeated =
        drafts.length > 0 &&
        drafts.length === before.length &&
        drafts.every(({ id }, i) => id === before[i]?.id)
      return isRepeated
        ? answer(expected + before.length, before)
        : E.left({ reason: 'version-conflict', stream })
    },

    follow: readers.follow,

    read: ({ from, direction, limit, categories }) =>
      TE.fromIO(() => {
        if (direction === 'forwards') return pages.after(from, { categories }, limit)
        const page: Array<Recorded<Stored>> = []
        for (let i = Math.min(from - 1, log.length) - 1; i >= 0 && page.length < limit; i--) {
          const recorded = log[i] as Recorded<Stored>
          if (categories === null || categories.includes(categoryOf(recorded.stream))) page.push(recorded)
        }
        return page
      }),

    head: pages.head,

    [Symbol.asyncDispose]: async () => {
      isClosed = true
      readers.close()
    },
  }
}
