import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { defer, firstValueFrom, lastValueFrom, retry, takeUntil, timer } from 'rxjs'
import type { Observable } from 'rxjs'
import type { Actor, Context } from '../../domain/kernel/context.ts'
import type { Component } from '../../domain/kernel/component.ts'
import { oneAtATime } from '../../domain/kernel/one-at-a-time.ts'
import type { Metadata, Position, Recorded, StreamName } from '../../domain/kernel/store.ts'
import { failpoint } from '../host/failpoint.ts'
import { saveAgain } from './save-again.ts'

type Reasoned = Readonly<{ reason: string }>

/** What a component owes the world, and the hands that pay it. */
export type Reactor<State, Work extends Readonly<{ task: string }>, Outcome, Failure> = Readonly<{
  name: string
  category: string
  owed: (state: State) => ReadonlyArray<Work>
  /** Tells a subject's tasks apart, where `task` is not enough: what is under way is not begun again. */
  keyOf?: (work: Work) => string
  /** An *ensure*: it may be done twice. Null: done, and what follows is recorded by somebody else. */
  perform: (work: Work, context: Context) => TaskEither<Failure, Outcome | null>
  /** What to record when it failed for the nth time; or that the world may be ready later. */
  giveUp: (work: Work, failure: Failure, attempt: number) => Outcome | 'try-again'
  /** Tasks of one subject go on beside each other, not one after the other. */
  overlapping: boolean
  /** In whose name outcomes are recorded, where that is not whoever wanted it: nobody asks for an end. */
  actor?: Actor
}>

/** How far a reactor has read, and whom it still owes something up to there. */
export type Checkpoint = Readonly<{
  position: Position
  pending: ReadonlyArray<Readonly<{ stream: StreamName; eventId: string }>>
}>

export type Checkpoints = Readonly<{
  read: (name: string) => Checkpoint
  write: (name: string, checkpoint: Checkpoint) => void
}>

export type Report = (who: string, attempt: number, error: unknown) => void

type Dependencies<Command, State, Event, Rejection extends Reasoned> = Readonly<{
  component: Component<Command, State, Event, Rejection>
  checkpoints: Checkpoints
  report: Report
  stopped: Observable<unknown>
  signal: AbortSignal
}>

/** The log could not be read, or something is wrong with us: a moment, so that it is not asked without a pause. */
const AFTER_A_FAULT_MS = 1_000

/**
 * The event is only a knock on the door; the state says what is still owed.
 *
 * A crash before the outcome is recorded repeats the (idempotent) work; a crash after it finds nothing owed. There is
 * no other recovery. What is far behind is folded as it passes, and looked at once, at the end.
 */
export const runReactor = async <
  Command,
  State,
  Event,
  Rejection extends Reasoned,
  Work extends Readonly<{ task: string }>,
  Outcome extends Command,
  Failure extends Reasoned,
>(
  reactor: Reactor<State, Work, Outcome, Failure>,
  { component, checkpoints, report, stopped, signal }: Dependencies<Command, State, Event, Rejection>,
): Promise<void> => {
  const { store, decider, handle, stateOf } = component
  const keyOf = reactor.keyOf ?? (({ task }: Work) => task)
  const pending = new Map<StreamName, Recorded<Event>>()
  const underWay = new Set<string>()
  /** Done without an outcome, or with one that the rules refused: not begun again for as long as it is owed without a break. */
  const waitingForOthers = new Map<StreamName, Set<string>>()
  const inTurn = oneAtATime<string>()

  const owedBy = async (stream: StreamName) => reactor.owed(orThrow(await stateOf(stream)()))

  const settle = async (knock: Recorded<Event>, work: Work) => {
    const { stream } = knock
    const leaveToOthers = () =>
      void waitingForOthers.set(stream, (waitingForOthers.get(stream) ?? new Set()).add(keyOf(work)))
    const context = {
      ...contextOf(knock, `${reactor.name}/${keyOf(work)}`),
      ...(reactor.actor && { actor: reactor.actor }),
    }
    let attempt = 0
    const attempts = defer(async () => {
      // Asked before every attempt: what was owed when the world was not ready may be owed by nobody now.
      const due = (await owedBy(stream)).find(owed => keyOf(owed) === keyOf(work))
      if (due === undefined) return undefined
      failpoint(`effect ${reactor.name}/${due.task}`)
      const result = await reactor.perform(due, context)()
      failpoint(`outcome ${reactor.name}/${due.task}`)
      if (E.isRight(result)) return result.right
      attempt += 1
      const given = reactor.giveUp(due, result.left, attempt)
      if (given === 'try-again') throw new Error('the world is not ready', { cause: result.left })
      return given
    })
    const outcome = await untilStopped(attempts)
    if (outcome === undefined) return
    if (outcome === null) return leaveToOthers()
    await untilStopped(
      defer(async () => {
        const handled = await handle(stream, outcome, context)()
        if (E.isRight(handled)) return
        if (mayPass(handled.left)) throw new Error(handled.left.reason, { cause: handled.left })
        // The rules will not have it, and never will: it is said, and not asked again.
        report(reactor.name, 0, handled.left)
        leaveToOthers()
      }),
    )
  }

  /** Tried again and again; undefined when we are told to stop before it has worked. */
  const untilStopped = <A>(attempts: Observable<A>): Promise<A | undefined> =>
    lastValueFrom(attempts.pipe(retry({ delay: backoff }), takeUntil(stopped)), { defaultValue: undefined })

  const backoff = (error: unknown, attempt: number) => {
    report(reactor.name, attempt, error)
    return timer(Math.min(30_000, 100 * 2 ** attempt))
  }

  const react = async (knock: Recorded<Event>): Promise<void> => {
    const { stream } = knock
    const owed = await owedBy(stream)
    if (owed.length === 0) pending.delete(stream)
    else if (!pending.has(stream)) pending.set(stream, knock)

    const waiting = waitingForOthers.get(stream)
    if (waiting !== undefined) {
      for (const key of waiting) if (!owed.some(work => keyOf(work) === key)) waiting.delete(key)
      if (waiting.size === 0) waitingForOthers.delete(stream)
    }

    for (const work of owed) {
      const key = `${stream}\n${keyOf(work)}`
      if (underWay.has(key) || waiting?.has(keyOf(work)) === true) continue
      underWay.add(key)
      inTurn(reactor.overlapping ? key : stream, () => settle(knock, work))
        .catch(async (error: unknown) => {
          report(reactor.name, 0, error)
          await firstValueFrom(timer(AFTER_A_FAULT_MS))
        })
        .finally(() => underWay.delete(key))
        .then(() => (signal.aborted ? undefined : react(knock)))
        .catch((error: unknown) => report(reactor.name, 0, error))
    }
  }

  const before = checkpoints.read(reactor.name)
  let position = before.position
  let written = position
  let isCold = true
  const writeCheckpoint = () => {
    // Until all that is behind was looked at, only the checkpoint from before knows what is owed.
    if (isCold) return
    const owing = [...pending].map(([stream, { id }]) => ({ stream, eventId: id }))
    checkpoints.write(reactor.name, { position, pending: owing })
    written = position
  }

  try {
    using _ = saveAgain(
      () => {
        if (written !== position) writeCheckpoint()
      },
      error => report(reactor.name, 1, error),
    )
    const cold = new Map<StreamName, { state: State; knock: Recorded<Event> }>()
    for (const { stream, eventId } of before.pending) {
      const history = orThrow(await store.load(stream, 0)())
      const knock = history.events.find(({ id }) => id === eventId) ?? history.events.at(-1)
      const state = history.events.reduce((s, { event }) => decider.evolve(s, event), decider.initialState)
      if (knock !== undefined) cold.set(stream, { state, knock })
    }

    const foldAsItPasses = async (recorded: Recorded<Event>) => {
      const { stream, event } = recorded
      const known = cold.get(stream)
      const state =
        known?.state ?? (recorded.revision === 1 ? decider.initialState : orThrow(await stateOf(stream)()))
      // A state that was loaded has the event already; evolving it once more changes nothing that matters here,
      // because what is owed is asked of the stream itself before it is paid.
      cold.set(stream, { state: decider.evolve(state, event), knock: recorded })
    }

    for await (const told of store.follow({ categories: [reactor.category] }, before.position, signal)) {
      if (told.kind === 'caught-up') {
        if (isCold) {
          for (const { state, knock } of cold.values()) if (reactor.owed(state).length > 0) await react(knock)
          cold.clear()
          isCold = false
        }
      } else {
        for (const recorded of told.events) await (isCold ? foldAsItPasses(recorded) : react(recorded))
      }
      position = told.position
    }
  } finally {
    writeCheckpoint()
  }
}

/** The log is away or somebody was faster: it may yet take what was to be recorded. */
export const mayPass = ({ reason }: Reasoned) =>
  reason === 'store-unavailable' || reason === 'version-conflict'

/** What is recorded because of an event belongs to that event's operation, and is done in its actor's name. */
export const contextOf = (
  { id, metadata }: Readonly<{ id: string; metadata: Metadata }>,
  step: string,
): Context => ({
  correlationId: metadata.$correlationId,
  causationId: id,
  commandId: `${id}/${step}`,
  actor: metadata.actor,
})

export const orThrow = <Left extends Reasoned, Right>(either: E.Either<Left, Right>): Right => {
  if (E.isLeft(either)) throw new Error(either.left.reason, { cause: either.left })
  return either.right
}
