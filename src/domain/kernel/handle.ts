import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Context } from './context.ts'
import type { Decider } from './decider.ts'
import { foldedStates } from './folded-states.ts'
import { oneAtATime } from './one-at-a-time.ts'
import type { AppendError, EventStore, LoadError, Position, Recorded, Revision, StreamName } from './store.ts'

export type HandleError = LoadError | AppendError

/** What a command came to: the events it recorded (none where it was satisfied already) and the state after it. */
export type Handled<Event, State> = Readonly<{
  events: ReadonlyArray<Recorded<Event>>
  state: State
  revision: Revision
  /** Where the log stood when this was known: wait for it to read one's own writes. */
  position: Position
}>

export type Handle<Command, State, Event, Rejection> = (
  stream: StreamName,
  command: Command,
  context: Context,
) => TaskEither<Rejection | HandleError, Handled<Event, State>>

/** A subject's state as of its newest event. */
export type StateOf<State> = (stream: StreamName) => TaskEither<LoadError, State>

/**
 * Decide on the folded state, append. When someone else got there first, look again and decide again: a decision is
 * only as good as the history it was based on.
 *
 * Commands to one stream wait for each other, so that a conflict only ever comes from outside of this process;
 * folded states are kept, so that a command costs an append and not a read as well.
 */
export const commandHandler = <Command, State, Event, Rejection extends { readonly reason: string }>(
  store: EventStore<Event>,
  decider: Decider<Command, State, Event, Rejection>,
  maxAttempts = 5,
): Readonly<{ handle: Handle<Command, State, Event, Rejection>; stateOf: StateOf<State> }> => {
  const states = foldedStates(store, decider)
  const inTurn = oneAtATime<StreamName>()

  const attempt = async (
    stream: StreamName,
    command: Command,
    context: Context,
    attemptsLeft: number,
  ): Promise<E.Either<Rejection | HandleError, Handled<Event, State>>> => {
    const folded = await states.get(stream)
    if (E.isLeft(folded)) return folded
    const { state, revision } = folded.right

    const decision = decider.decide(command, state)
    if (E.isLeft(decision)) return decision
    if (decision.right.length === 0) return E.right({ events: [], state, revision, position: store.head() })

    const appended = await store.append(stream, revision, decision.right, context)()
    if (E.isRight(appended)) {
      const after = states.advance(stream, folded.right, appended.right.events)
      return E.right({ ...appended.right, state: after.state })
    }
    states.forget(stream)
    return appended.left.reason === 'version-conflict' && attemptsLeft > 1
      ? attempt(stream, command, context, attemptsLeft - 1)
      : appended
  }

  return {
    handle: (stream, command, context) => () =>
      inTurn(stream, () => attempt(stream, command, context, maxAttempts)),
    stateOf: stream => async () => {
      const folded = await inTurn(stream, () => states.get(stream))
      return E.isLeft(folded) ? folded : E.right(folded.right.state)
    },
  }
}
