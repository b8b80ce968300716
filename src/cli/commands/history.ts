import type { List, RecordedEvent } from '../client/answers.ts'
import { timeOf } from '../client/as-of.ts'
import { daemonFor, namePath, segment } from '../client/daemon.ts'
import type { Daemon, Query } from '../client/daemon.ts'
import { choice, command, flag, optional, text } from '../command.ts'
import { moments, objectNames } from '../completion-sources.ts'
import { Failure, Refused, UsageError } from '../failure.ts'
import type { Session } from '../io.ts'
import { parseFilters } from '../output/filters.ts'
import { openPage, straightOut } from '../output/pager.ts'
import { cursorOf } from './cursor.ts'
import { checkEventFlags, eventAliases, eventFilterKeys, eventFlags, wantedLines } from './event-flags.ts'
import type { EventFlags } from './event-flags.ts'
import { eventWriter, isObjects } from './event-output.ts'
import { eventQuery } from './event-query.ts'
import { followEvents } from './event-reading.ts'
import { runEvents } from './events.ts'
import { imageLayers } from './image-layers.ts'
import { find } from './inspecting.ts'
import { sayRemoved } from './removed.ts'

type HistoryFlags = EventFlags & Readonly<{ at?: string; noTrunc?: boolean; type?: 'container' | 'image' }>

const run = async (session: Session, flags: HistoryFlags, object?: string): Promise<number> => {
  if (object === undefined)
    return runEvents(session, { ...flags, until: flags.until ?? flags.at } as EventFlags)
  checkEventFlags(flags)
  const line = eventWriter(session, flags)
  const last = wantedLines(flags)
  const filters = parseFilters(flags.filter, eventFilterKeys)
  const cursor = cursorOf(flags, session.cwd)
  const daemon = daemonFor(session)
  const query = await eventQuery(daemon, filters)
  // What is selected here is checked there: of nothing, for that costs nothing.
  if (Object.keys(query.query).length > 0)
    await daemon.get<List<RecordedEvent>>('/v1/events', { ...query.query, after: 'now', limit: 1 })
  const { found, events, position } = await historyOf(daemon, object, flags)
  if (found?.kind === 'container') sayRemoved(session, found.object)

  const { first, final } = await boundsOf(daemon, {
    since: flags.since,
    until: flags.until,
    after: cursor.after,
  })
  const selected = events.filter(
    event => query.selects(event) && event.position >= first && event.position <= final,
  )
  const wanted = last === null ? selected : last === 0 ? [] : selected.slice(-last)
  const ordered = flags.reverse === true ? wanted.toReversed() : wanted

  const page = flags.follow === true ? straightOut(session) : await openPage(session)
  const isForPeople = !isObjects(flags) && flags.format === undefined
  if (found?.kind === 'image' && isForPeople) {
    const now = await timeOf(daemon, flags.at, position, session.now())
    await page.write(`${imageLayers(found.object, now, flags.noTrunc === true)}\n`)
  }
  for (const event of ordered) await page.write(line(event))
  await page.end()
  const newest = Math.max(0, ...wanted.map(event => event.position))
  if (newest > 0) cursor.keep(newest)
  if (flags.follow !== true) return 0

  const subject = found === null ? object : found.kind === 'container' ? found.object.id : found.object.name
  const followed = { ...query, query: { ...query.query, subject } }
  for await (const event of followEvents(daemon, followed, `@${position}`)) {
    session.out(line(event))
    cursor.keep(event.position)
  }
  return 0
}

type History = Readonly<{
  found: Awaited<ReturnType<typeof find>> | null
  events: ReadonlyArray<RecordedEvent>
  position: number
}>

/** Everything that happened to a container, an image, or whatever else the log knows by that name. */
const historyOf = async (daemon: Daemon, object: string, flags: HistoryFlags): Promise<History> => {
  const { at, until } = flags
  try {
    const found = await find(daemon, object, flags)
    const path =
      found.kind === 'container'
        ? `/v1/containers/${segment(found.object.id)}`
        : `/v1/images/${namePath(found.object.name)}`
    const { items, position } = await daemon.get<List<RecordedEvent>>(`${path}/history`, { at })
    return { found, events: items, position }
  } catch (error) {
    const isUnknown =
      error instanceof Failure &&
      !(error instanceof UsageError) &&
      (!(error instanceof Refused) || error.problem.status === 404)
    if (!isUnknown || (error instanceof Refused && error.problem.reason === 'moment-not-found')) throw error
  }
  const name = await formerImage(daemon, object)
  const { items, position } =
    name ??
    (await daemon.get<List<RecordedEvent>>('/v1/events', {
      subject: object,
      limit: 1000,
      until: until ?? at,
    }))
  if (items.length === 0)
    throw new Failure(
      `nothing in the history is called ${object}`,
      'shiplog events -n 20, or shiplog ps -a --removed',
    )
  return { found: null, events: items, position }
}

/** An image that was removed is no image any more, but still has its history. */
const formerImage = (daemon: Daemon, name: string): Promise<List<RecordedEvent> | null> =>
  daemon.get<List<RecordedEvent>>(`/v1/images/${namePath(name)}/history`).then(
    history => (history.items.length === 0 ? null : history),
    () => null,
  )

type Moments = Readonly<{ since: string | undefined; until: string | undefined; after: string | undefined }>

/** Moments as positions: what a moment means is for the log to say. */
const boundsOf = async (daemon: Daemon, { since, until, after }: Moments) => {
  const one = (query: Query) => daemon.get<List<RecordedEvent>>('/v1/events', { ...query, limit: 1 })
  const [from, to] = await Promise.all([
    since === undefined && after === undefined ? null : one({ since, after, order: 'forwards' }),
    until === undefined ? null : one({ until, order: 'backwards' }),
  ])
  return {
    first: from === null ? 0 : (from.items[0]?.position ?? Number.POSITIVE_INFINITY),
    final: to === null ? Number.POSITIVE_INFINITY : (to.items[0]?.position ?? 0),
  }
}

export default command<HistoryFlags, [string?]>({
  brief: 'what happened to one object, or to all',
  usage: 'history [FLAG…] [OBJECT]',
  examples: [
    ['history web', 'all that happened to a container, removed ones too'],
    ['history alpine', 'an image: its layers, then its pulls, tags and uses'],
    ['history --at 10m web', 'up to ten minutes ago'],
    ['history', 'everything'],
  ],
  notes: 'shiplog show EVENT shows one whole; shiplog why CONTAINER tells what led to what.',
  flags: {
    ...eventFlags,
    at: text('as of then', 'MOMENT', moments),
    type: choice('only of that kind', ['container', 'image']),
    noTrunc: flag('whole ids and commands'),
  },
  aliases: eventAliases,
  positional: {
    kind: 'tuple',
    parameters: [optional('a container, an image, a pull, a digest', 'OBJECT', objectNames)],
  },
  run,
})
