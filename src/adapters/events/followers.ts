import type { Filter, Position, Recorded, Stored, StreamName, Told } from '../../domain/kernel/store.ts'

/** What a log must be able to do for its followers: give them a page, and say where it ends. */
export type Pages = Readonly<{
  /** The next `limit` events after the position that pass; fewer mean that there are no more. */
  after: (position: Position, filter: Filter, limit: number) => ReadonlyArray<Recorded<Stored>>
  head: () => Position
}>

const pageSize = 1_000

/** What may wait in memory for one follower. One that is further behind reads pages again. */
const mayWait = 4_000

type Follower = {
  readonly takes: (recorded: Recorded<Stored>) => boolean
  /** Whether appends are handed over from memory. If not, the follower reads pages. */
  live: boolean
  waiting: Array<Recorded<Stored>>
  /** What the follower has seen or has waiting; nothing up to here needs reading. */
  seen: Position
  wake: () => void
}

export const categoryOf = (stream: StreamName): string => stream.slice(0, stream.indexOf('-'))

/**
 * Those who follow a log, each at its own pace. While a follower keeps up it is fed from memory with the very events
 * that were appended; one that does not costs no memory: its queue is dropped and it reads pages until it has caught
 * up again. Reading the last page and going live happen without anything in between, so there is no gap.
 */
export const followers = (pages: Pages) => {
  const all = new Set<Follower>()
  let isClosed = false

  const tell = (batch: ReadonlyArray<Recorded<Stored>>): void => {
    const position = batch.at(-1)?.position
    if (position === undefined) return
    for (const follower of all) {
      if (!follower.live) continue
      const news = batch.filter(follower.takes)
      follower.seen = position
      if (news.length === 0) continue
      if (follower.waiting.length + news.length <= mayWait) follower.waiting.push(...news)
      else {
        follower.live = false
        follower.waiting = []
      }
      follower.wake()
    }
  }

  const follow = async function* (
    filter: Filter,
    after: Position,
    signal: AbortSignal,
  ): AsyncGenerator<Told<Stored>, void, undefined> {
    const { categories } = filter
    const wanted = categories === null ? null : new Set(categories)
    const follower: Follower = {
      takes: ({ stream, position }) =>
        position > after && (wanted === null || wanted.has(categoryOf(stream))),
      live: false,
      waiting: [],
      seen: after,
      wake: () => {},
    }
    const isOver = () => signal.aborted || isClosed
    const onAbort = () => follower.wake()
    let last = after
    let hasCaughtUp = false

    all.add(follower)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      while (!isOver()) {
        if (!follower.live) {
          const events = pages.after(last, filter, pageSize)
          const isLastPage = events.length < pageSize
          last = isLastPage ? Math.max(last, pages.head()) : (events.at(-1) as Recorded<Stored>).position
          if (isLastPage) {
            follower.live = true
            follower.seen = last
          }
          if (events.length > 0) yield { kind: 'events', events, position: last }
          if (isLastPage && !hasCaughtUp && !isOver()) {
            hasCaughtUp = true
            yield { kind: 'caught-up', position: last }
          }
        } else if (follower.waiting.length > 0) {
          const events =
            follower.waiting.length <= pageSize ? follower.waiting : follower.waiting.slice(0, pageSize)
          follower.waiting = follower.waiting.slice(events.length)
          last = follower.waiting.length === 0 ? follower.seen : (events.at(-1) as Recorded<Stored>).position
          yield { kind: 'events', events, position: last }
        } else
          await new Promise<void>(resolve => {
            follower.wake = resolve
          })
      }
    } finally {
      all.delete(follower)
      signal.removeEventListener('abort', onAbort)
    }
  }

  return {
    tell,
    follow,
    /** Ends them all: the log is being closed. */
    close: () => {
      isClosed = true
      for (const follower of all) follower.wake()
    },
  }
}
