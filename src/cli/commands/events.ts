import type { Page as EventPage, RecordedEvent } from '../client/answers.ts'
import { daemonFor } from '../client/daemon.ts'
import { command, none } from '../command.ts'
import type { Session } from '../io.ts'
import { parseFilters } from '../output/filters.ts'
import { openPage, straightOut } from '../output/pager.ts'
import { cursorOf } from './cursor.ts'
import { checkEventFlags, eventAliases, eventFilterKeys, eventFlags, wantedLines } from './event-flags.ts'
import type { EventFlags } from './event-flags.ts'
import { eventWriter } from './event-output.ts'
import { eventQuery } from './event-query.ts'
import { followEvents, readEvents } from './event-reading.ts'
import { momentForms } from './moments.ts'

/** All events that the flags select; `history` without an object is this too. */
export const runEvents = async (session: Session, flags: EventFlags): Promise<number> => {
  checkEventFlags(flags)
  const last = wantedLines(flags)
  const filters = parseFilters(flags.filter, eventFilterKeys)
  const line = eventWriter(session, flags)
  const cursor = cursorOf(flags, session.cwd)
  const daemon = daemonFor(session)
  const query = await eventQuery(daemon, filters)
  const isFollowing = flags.follow === true

  // Where the log ends is asked first: what is recorded while we read is then followed, and nothing is missed.
  const { position: end } = isFollowing
    ? await daemon.get<EventPage<RecordedEvent>>('/v1/events', { order: 'backwards', limit: 1 })
    : { position: 0 }
  const page = isFollowing ? straightOut(session) : await openPage(session)
  let shown = 0
  const range = {
    since: flags.since,
    until: flags.until,
    after: cursor.after,
    last,
    isReversed: flags.reverse === true,
  }
  for await (const event of readEvents(daemon, query, range)) {
    if (page.isGone()) break
    await page.write(line(event))
    shown = Math.max(shown, event.position)
  }
  if (shown > 0) cursor.keep(shown)
  await page.end()
  if (!isFollowing) return 0

  for await (const event of followEvents(daemon, query, `@${Math.max(shown, end)}`)) {
    session.out(line(event))
    await session.drained()
    cursor.keep(event.position)
  }
  return 0
}

export default command<EventFlags, []>({
  brief: 'what happened, and with -f what happens',
  usage: 'events [FLAG…]',
  examples: [
    ['events', 'everything there is, oldest first'],
    ['events -f', 'the last ten, and what comes'],
    ['events -n 20 -r', 'the last twenty, the newest first'],
    ['events --since 1h --filter actor=root', 'who did what'],
    ['events -f -o json --after-cursor @1234', 'go on from a position, for programs'],
    ['events --filter container=web --filter type=ContainerExited', 'of one container and one type'],
  ],
  notes: `Filters: ${eventFilterKeys.join(', ')}.\n${momentForms}`,
  flags: eventFlags,
  aliases: eventAliases,
  positional: none,
  run: runEvents,
})
