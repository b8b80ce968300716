import type { Page, RecordedEvent } from '../client/answers.ts'
import type { Daemon } from '../client/daemon.ts'
import { serverSentEvents } from '../client/server-sent-events.ts'
import { Failure } from '../failure.ts'
import type { EventQuery } from './event-query.ts'

/** From where to where. `last`: only so many, counted from the end. */
export type Range = Readonly<{
  since?: string | undefined
  until?: string | undefined
  after?: string | undefined
  last: number | null
  isReversed: boolean
}>

const pageSize = 500

/** What has been recorded, in order, a page at a time: nobody needs all of a history in memory. */
export async function* readEvents(
  daemon: Daemon,
  { query, matches }: EventQuery,
  range: Range,
): AsyncGenerator<RecordedEvent> {
  const { since, until, after, last, isReversed } = range
  const bounds = { ...query, since, until }
  const pages = async function* (order: 'forwards' | 'backwards', limit: number) {
    let from = after
    let before: string | undefined
    for (;;) {
      const page = await daemon.get<Page<RecordedEvent>>('/v1/events', {
        ...bounds,
        after: from,
        before,
        order,
        limit,
      })
      yield* page.items.filter(matches)
      if (page.next === null || page.items.length === 0) return
      if (order === 'forwards') from = `@${page.next}`
      else before = `@${page.next}`
    }
  }
  if (last === null && !isReversed) {
    yield* pages('forwards', pageSize)
    return
  }
  if (last === 0) return
  const newest: Array<RecordedEvent> = []
  let count = 0
  for await (const event of pages('backwards', Math.min(pageSize, last ?? pageSize))) {
    count += 1
    if (isReversed) yield event
    else newest.push(event)
    if (count === last) break
  }
  yield* newest.reverse()
}

/** What is recorded from a position on, for as long as somebody listens. */
export async function* followEvents(
  daemon: Daemon,
  { query, matches }: EventQuery,
  after: string,
): AsyncGenerator<RecordedEvent> {
  let last = after
  const { body } = await daemon.open('/v1/events', { ...query, after }, { accept: 'text/event-stream' })
  try {
    for await (const { event, data } of serverSentEvents(body)) {
      if (event === 'caught-up') continue
      if (event === 'error') throw new Failure((JSON.parse(data) as Readonly<{ detail: string }>).detail)
      const recorded = JSON.parse(data) as RecordedEvent
      last = `@${recorded.position}`
      if (matches(recorded)) yield recorded
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    throw new Failure(error.message, `shiplog events -f --after-cursor ${last}`)
  }
}
