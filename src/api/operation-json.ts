import type { DomainEvent } from '../domain/events/catalogue.ts'
import type { Position, Recorded, StreamName } from '../domain/kernel/store.ts'
import { begin, tell } from '../domain/processes/operation.ts'
import type { CommandName, Outcome, Standing, Subject, Until } from '../domain/processes/operation.ts'
import { adviceOnPull } from './distribution/advice.ts'
import { eventJson } from './events/json.ts'
import { adviceOnHost } from './host-failures.ts'

/** Where an operation began, and what it is about. */
export type Begun = Readonly<{
  command: CommandName
  subject: Subject
  stream: StreamName
  /** The first position that tells of it. */
  from: Position
  /** What was so already when it was asked for; null: that remains to be seen. */
  settled: Outcome | null
}>

type Past = ReadonlyArray<Recorded<DomainEvent>>

/** Where it stands, by what its subject's stream has told since, and the event that ended it. */
export const standingOf = (
  { command, stream, from, settled }: Begun,
  until: Until,
  past: Past,
): Readonly<{ standing: Standing; endedAt: Position | null }> => {
  if (settled !== null) return { standing: { status: 'succeeded', outcome: settled }, endedAt: null }
  let story = begin(command, until)
  for (const recorded of past) {
    if (recorded.stream !== stream || recorded.position < from) continue
    story = tell(story, recorded.event)
    if (story.standing.status !== 'running') return { standing: story.standing, endedAt: recorded.position }
  }
  return { standing: story.standing, endedAt: null }
}

/** What somebody may try whose operation failed. */
export const adviceOn = ({ subject }: Begun, standing: Standing): string | null => {
  if (standing.status !== 'failed') return null
  return subject.kind === 'pull' && subject.name !== undefined
    ? adviceOnPull(standing.failure, subject.name)
    : adviceOnHost(standing.failure.problem)
}

/** By position, each once. */
export const inOrder = (...parts: ReadonlyArray<Past>): Past =>
  [...new Map(parts.flat().map(recorded => [recorded.position, recorded])).values()].toSorted(
    (a, b) => a.position - b.position,
  )

/**
 * An operation as it leaves us. Its events are those that were recorded on its behalf, and those by which its subject
 * told how it ended, which may be another's (a stop ends the run that somebody else had asked for).
 */
export const operationJson = (id: string, begun: Begun, until: Until, past: Past, asOf: Position) => {
  const { standing, endedAt } = standingOf(begun, until, past)
  const events = past.filter(
    ({ metadata, stream, position }) =>
      metadata.$correlationId === id ||
      (stream === begun.stream && position >= begun.from && position <= (endedAt ?? position)),
  )
  return {
    id,
    command: begun.command,
    status: standing.status,
    subject: begun.subject,
    outcome: standing.status === 'succeeded' ? standing.outcome : null,
    failure: standing.status === 'failed' ? standing.failure : null,
    try: adviceOn(begun, standing),
    startedAt: begun.settled === null ? begun.from : asOf,
    endedAt: begun.settled === null ? endedAt : asOf,
    events: events.map(eventJson),
    position: Math.max(asOf, past.at(-1)?.position ?? 0),
  }
}
