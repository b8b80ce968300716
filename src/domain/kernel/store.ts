import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Actor, Context } from './context.ts'

/** `<category>-<node>/<rest>`. */
export type StreamName = `${string}-${string}`

/** The number of a stream's newest event, counted from 1; an unborn stream is at 0. Truncation never renumbers. */
export type Revision = number

/** Where an event stands among all events of the log: a whole number that only grows. 0 is before the first. */
export type Position = number

/** An event as it is in the log. */
export type Recorded<Event> = Readonly<{
  event: Event
  id: string
  stream: StreamName
  revision: Revision
  position: Position
  /** When the log took it. */
  recordedAt: Date
  metadata: Metadata
}>

/** Stored beside every event; `$` names are EventStoreDB's own conventions. */
export type Metadata = Readonly<{
  $correlationId: string
  $causationId: string | null
  commandId: string
  actor: Actor
  node: string
  bootId: string
  /** When it happened, by the wall clock (RFC 3339); order is by position, never by this. */
  occurredAt: string
  /** The version of the event's shape (`event-version.ts`). */
  schema: number
}>

export type History<Event> = Readonly<{ events: ReadonlyArray<Recorded<Event>>; revision: Revision }>

/** What an append came to: where the stream and the log stand now, and the events as they were recorded. */
export type Appended<Event> = Readonly<{
  revision: Revision
  position: Position
  events: ReadonlyArray<Recorded<Event>>
}>

export type VersionConflict = Readonly<{ reason: 'version-conflict'; stream: StreamName }>
/** The log cannot be reached, or cannot take the event now (`cause` says why). Nothing was written. */
export type StoreUnavailable = Readonly<{ reason: 'store-unavailable'; cause: string }>
export type UnreadableHistory = Readonly<{ reason: 'unreadable-history'; stream: StreamName; cause: string }>

export type LoadError = StoreUnavailable | UnreadableHistory
export type AppendError = StoreUnavailable | VersionConflict

/** Which events: those of these categories, or all. */
export type Filter = Readonly<{ categories: ReadonlyArray<string> | null }>

/** What a follower is told: events in order, and once when it has reached the end of what was there. */
export type Told<Event> =
  | Readonly<{ kind: 'events'; events: ReadonlyArray<Recorded<Event>>; position: Position }>
  | Readonly<{ kind: 'caught-up'; position: Position }>

/**
 * A log of events.
 *
 * `append` writes all events or none, durably, and only if the stream's newest revision is `expected`; there is no
 * "any revision". A repeated append (same stream, same expected revision, same command id) answers as the first did
 * and writes nothing. Event ids derive from the context's command id, the stream and the index.
 *
 * `follow` tells every event after `after`, past and future, in order of position, in batches, without a gap and
 * without a repetition; it never slows an append, and ends only when the signal fires.
 */
export type EventStore<Event> = Readonly<{
  /** The stream's events with a revision above `after` (0 for all), oldest first. */
  load: (stream: StreamName, after: Revision) => TaskEither<LoadError, History<Event>>
  append: (
    stream: StreamName,
    expected: Revision,
    events: ReadonlyArray<Event>,
    context: Context,
  ) => TaskEither<AppendError, Appended<Event>>
  follow: (filter: Filter, after: Position, signal: AbortSignal) => AsyncIterable<Told<Event>>
  /** A page of the whole log: events after (forwards) or before (backwards) a position, exclusive. */
  read: (
    query: Readonly<{ from: Position; direction: 'forwards' | 'backwards'; limit: number } & Filter>,
  ) => TaskEither<StoreUnavailable | UnreadableHistory, ReadonlyArray<Recorded<Event>>>
  /** The position of the newest event. */
  head: () => Position
}>

/** An event as a log keeps it: JSON with a type. Logs know no more than this. */
export type Stored = Readonly<{ type: string; [field: string]: unknown }>
export type EventLog = EventStore<Stored>
