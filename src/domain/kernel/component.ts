import * as E from 'fp-ts/lib/Either.js'
import type { Option } from 'fp-ts/lib/Option.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type * as t from 'io-ts'
import type { Decider } from './decider.ts'
import { explain } from './decode.ts'
import { versionOf } from './event-version.ts'
import { commandHandler } from './handle.ts'
import type { EventLog, EventStore, Recorded, Stored, UnreadableHistory } from './store.ts'

/** What is wrong with an event may be as long as the event. */
const LONGEST_CAUSE = 1000

/**
 * One component's view of the log: its own events, checked on the way out, encoded on the way in. An event that cannot be
 * understood (its type or its version is not known, or its shape is another) ends the reading: nothing is skipped.
 */
export const storeOf = <Event>(log: EventLog, codec: t.Type<Event, unknown>): EventStore<Event> => {
  const unreadable = ({ stream, position, id, event }: Recorded<Stored>, why: string): UnreadableHistory => ({
    reason: 'unreadable-history',
    stream,
    cause: `event ${id} (${event.type}) at @${position}: ${why}`,
  })

  const read = (recorded: Recorded<Stored>): E.Either<UnreadableHistory, Recorded<Event>> => {
    const { event, metadata } = recorded
    const known = versionOf(event.type)
    if (metadata.schema > known)
      return E.left(
        unreadable(recorded, `it is of version ${metadata.schema}, and this engine knows ${known} at most`),
      )
    return pipe(
      codec.decode(event),
      E.bimap(
        errors => unreadable(recorded, errors.map(explain).join('; ').slice(0, LONGEST_CAUSE)),
        event => ({ ...recorded, event }),
      ),
    )
  }

  const readAll = (
    events: ReadonlyArray<Recorded<Stored>>,
  ): E.Either<UnreadableHistory, ReadonlyArray<Recorded<Event>>> => {
    const decoded: Array<Recorded<Event>> = []
    for (const recorded of events) {
      const result = read(recorded)
      if (E.isLeft(result)) return result
      decoded.push(result.right)
    }
    return E.right(decoded)
  }

  return {
    load: (stream, after) =>
      pipe(
        log.load(stream, after),
        TE.flatMapEither(({ events, revision }) =>
          pipe(
            readAll(events),
            E.map(events => ({ events, revision })),
          ),
        ),
      ),

    append: (stream, expected, events, context) =>
      pipe(
        log.append(
          stream,
          expected,
          events.map(event => codec.encode(event) as Stored),
          context,
        ),
        TE.map(appended => ({
          ...appended,
          events: appended.events.map((recorded, i) => ({ ...recorded, event: events[i] as Event })),
        })),
      ),

    async *follow(filter, after, signal) {
      for await (const told of log.follow(filter, after, signal)) {
        if (told.kind === 'caught-up') yield told
        else {
          const events = readAll(told.events)
          if (E.isLeft(events)) throw new Error(`${events.left.stream}: ${events.left.cause}`)
          yield { ...told, events: events.right }
        }
      }
    },

    read: query => pipe(log.read(query), TE.flatMapEither(readAll)),

    head: log.head,
  }
}

/** What a component is: its events, its rules, and the fact that it would tell again. */
export type Behaviour<Command, State, Event, Rejection> = Readonly<{
  Event: t.Type<Event, unknown>
  decider: Decider<Command, State, Event, Rejection>
  /** The last settled fact of a subject, as the event that recorded it: what a process is told when its command changed nothing. */
  settled: (state: State) => Option<Event>
}>

/** A component, brought to life on a log: `component(log, Snapshot)`. */
export const component = <Command, State, Event, Rejection extends { readonly reason: string }>(
  log: EventLog,
  { Event, decider, settled }: Behaviour<Command, State, Event, Rejection>,
) => {
  const store = storeOf(log, Event)
  return { store, decider, settled, ...commandHandler(store, decider) }
}

export type Component<Command, State, Event, Rejection extends { readonly reason: string }> = ReturnType<
  typeof component<Command, State, Event, Rejection>
>
