import * as O from 'fp-ts/lib/Option.js'
import { accept, nothing, reject } from '../kernel/decider.ts'
import type { Decider, Decision } from '../kernel/decider.ts'
import type { Ask, Command, CommandOf, Outcome, Rejection, Told } from './commands.ts'
import type { Event } from './events.ts'
import { evolve, initialState } from './state.ts'
import type { Known, Running, State, Stop } from './state.ts'

type RuntimeDecision = Decision<Event, Rejection>

const refuse = (
  reason: Rejection['reason'],
  { container }: Readonly<{ container: Rejection['container'] }>,
) => reject<Rejection>({ reason, container })

const decide = (command: Command, state: State): RuntimeDecision => {
  if (command.type === 'CreateContainer') return create(command, state)
  if (state.status === 'absent' || state.phase.status === 'removed') {
    // What is told late about a container that is gone changes nothing; what is asked of it is refused.
    return command.type.startsWith('Record') ? nothing : refuse('container-not-found', command)
  }

  switch (command.type) {
    case 'StartContainer':
    case 'StopContainer':
    case 'RestartContainer':
    case 'SignalContainer':
    case 'PauseContainer':
    case 'UnpauseContainer':
    case 'RenameContainer':
    case 'RemoveContainer':
      return ask(command, state)
    case 'RecordContainerCreated':
    case 'RecordContainerCreateFailed':
    case 'RecordContainerRenamed':
    case 'RecordContainerRenameFailed':
    case 'RecordContainerRemoved':
      return told(command, state)
    default:
      return record(command, state)
  }
}

const create = ({ type: _, ...request }: CommandOf<'CreateContainer'>, state: State): RuntimeDecision =>
  state.status === 'absent'
    ? accept({ type: 'ContainerCreateRequested', ...request })
    : refuse('container-id-taken', request)

const ask = (command: Exclude<Ask, { type: 'CreateContainer' }>, state: Known): RuntimeDecision => {
  const { container } = command
  if (command.type === 'RemoveContainer') return remove(command, state)
  if (state.removal !== null) return refuse('container-being-removed', command)

  switch (command.type) {
    case 'StartContainer':
      return start(state)
    case 'StopContainer':
      return stop(command, state, false)
    case 'RestartContainer':
      return state.phase.status === 'running' || state.phase.status === 'starting'
        ? stop(command, state, true)
        : start(state)
    case 'SignalContainer':
      return whileRunning(state, ({ lastRequest }) =>
        accept({
          type: 'ContainerSignalRequested',
          container,
          request: lastRequest + 1,
          signal: command.signal,
        }),
      )
    case 'PauseContainer':
      return whileRunning(state, ({ paused, pausing }) => {
        if (pausing !== null) return pausing === 'pause' ? nothing : refuse('container-busy', command)
        return paused
          ? refuse('container-paused', command)
          : accept({ type: 'ContainerPauseRequested', container })
      })
    case 'UnpauseContainer':
      return whileRunning(state, ({ paused, pausing }) => {
        if (pausing !== null) return pausing === 'unpause' ? nothing : refuse('container-busy', command)
        return paused
          ? accept({ type: 'ContainerUnpauseRequested', container })
          : refuse('container-not-paused', command)
      })
    case 'RenameContainer':
      if (state.name === command.name && state.renaming === null) return nothing
      if (state.renaming !== null)
        return state.renaming === command.name ? nothing : refuse('container-busy', command)
      return accept({ type: 'ContainerRenameRequested', container, name: command.name })
  }
}

const whileRunning = (state: Known, decideRunning: (running: Running) => RuntimeDecision): RuntimeDecision =>
  state.phase.status === 'running' ? decideRunning(state.phase) : refuse('container-not-running', state)

const start = (state: Known): RuntimeDecision => {
  const { container, run } = state
  switch (state.phase.status) {
    case 'created':
    case 'ended':
      return accept({ type: 'ContainerStartRequested', container, run: run + 1 })
    case 'starting':
    case 'running':
      return nothing
    case 'creating':
    case 'create-failed':
      return refuse('container-busy', state)
    case 'removed':
      return refuse('container-not-found', state)
  }
}

const stop = (
  { container, signal, timeout }: CommandOf<'StopContainer' | 'RestartContainer'>,
  state: Known,
  restart: boolean,
): RuntimeDecision => {
  switch (state.phase.status) {
    case 'running':
      return isAskedAlready(state.phase.stop, { signal, timeout, restart })
        ? nothing
        : accept({ type: 'ContainerStopRequested', container, signal, timeout, restart })
    case 'starting':
    case 'creating':
      return refuse('container-busy', state)
    case 'created':
    case 'create-failed':
    case 'ended':
      return nothing
    case 'removed':
      return refuse('container-not-found', state)
  }
}

/** Whoever asks for another signal or for less patience is not content with the stop that is under way. */
const isAskedAlready = (underWay: Stop | null, wanted: Omit<Stop, 'timedOut'>): boolean =>
  underWay !== null &&
  underWay.restart === wanted.restart &&
  (underWay.timedOut ||
    (underWay.signal === wanted.signal && patience(underWay.timeout) <= patience(wanted.timeout)))

const patience = (timeout: number | null): number => timeout ?? Number.POSITIVE_INFINITY

const remove = (
  { container, force }: CommandOf<'RemoveContainer'>,
  { removal, phase }: Known,
): RuntimeDecision => {
  if (removal !== null && (removal.force || !force)) return nothing
  switch (phase.status) {
    case 'created':
    case 'create-failed':
    case 'ended':
      return accept({ type: 'ContainerRemoveRequested', container, force })
    case 'creating':
      return force
        ? accept({ type: 'ContainerRemoveRequested', container, force })
        : refuse('container-busy', { container })
    case 'starting':
    case 'running':
      return force
        ? accept({ type: 'ContainerRemoveRequested', container, force })
        : refuse('container-running', { container })
    case 'removed':
      return nothing
  }
}

/** What the processes tell: a container is there, could not be made, has its new name, is gone. */
const told = (command: Told, state: Known): RuntimeDecision => {
  const { container } = command
  switch (command.type) {
    case 'RecordContainerCreated': {
      if (state.phase.status !== 'creating') return nothing
      const created: Event = {
        type: 'ContainerCreated',
        container,
        bundle: command.bundle,
        configDigest: command.configDigest,
      }
      return state.phase.start && state.removal === null
        ? accept<Event>(created, { type: 'ContainerStartRequested', container, run: 1 })
        : accept<Event>(created)
    }
    case 'RecordContainerCreateFailed':
      // Half a container is of no use to anybody: it removes itself, and its history says why.
      return state.phase.status === 'creating'
        ? accept<Event>(
            { type: 'ContainerCreateFailed', container, failure: command.failure },
            { type: 'ContainerRemoveRequested', container, force: false },
          )
        : nothing
    case 'RecordContainerRenamed':
      return state.renaming === command.name
        ? accept({ type: 'ContainerRenamed', container, name: command.name, previous: state.name })
        : nothing
    case 'RecordContainerRenameFailed':
      return state.renaming === command.name
        ? accept({ type: 'ContainerRenameFailed', container, name: command.name, failure: command.failure })
        : nothing
    case 'RecordContainerRemoved':
      return state.removal === null ? nothing : accept({ type: 'ContainerRemoved', container })
  }
}

/** What our reactor saw of the world. A report about an earlier run, or a second one, changes nothing. */
const record = (command: Outcome, state: Known): RuntimeDecision => {
  const { container } = command
  const { phase } = state
  switch (command.type) {
    case 'RecordContainerStarted':
      return phase.status === 'starting' && state.run === command.run
        ? accept({ type: 'ContainerStarted', container, run: command.run, pid: command.pid })
        : nothing
    case 'RecordContainerStartFailed': {
      if (phase.status !== 'starting' || state.run !== command.run) return nothing
      const { type: _, ...failure } = command
      return accept<Event>({ type: 'ContainerStartFailed', ...failure }, ...afterTheEnd(state, null))
    }
    case 'RecordContainerExited': {
      if (!isUnderWay(state, command.run)) return nothing
      const { type: _, ...end } = command
      return accept<Event>({ type: 'ContainerExited', ...end }, ...afterTheEnd(state, phase))
    }
    case 'RecordContainerLost': {
      if (!isUnderWay(state, command.run)) return nothing
      const { type: _, ...end } = command
      return accept<Event>({ type: 'ContainerLost', ...end }, ...afterTheEnd(state, phase))
    }
  }

  if (phase.status !== 'running') return nothing
  switch (command.type) {
    case 'RecordContainerSignalled':
    case 'RecordContainerSignalFailed': {
      if (!phase.signals.some(({ request }) => request === command.request)) return nothing
      const { type, ...signal } = command
      return type === 'RecordContainerSignalled'
        ? accept({ type: 'ContainerSignalled', ...signal })
        : accept({ type: 'ContainerSignalFailed', ...signal, failure: command.failure })
    }
    case 'RecordContainerStopTimedOut':
      return phase.stop !== null && !phase.stop.timedOut
        ? accept({ type: 'ContainerStopTimedOut', container })
        : nothing
    case 'RecordContainerPaused':
      return phase.pausing === 'pause' ? accept({ type: 'ContainerPaused', container }) : nothing
    case 'RecordContainerPauseFailed':
      return phase.pausing === 'pause'
        ? accept({ type: 'ContainerPauseFailed', container, failure: command.failure })
        : nothing
    case 'RecordContainerUnpaused':
      return phase.pausing === 'unpause' ? accept({ type: 'ContainerUnpaused', container }) : nothing
    case 'RecordContainerUnpauseFailed':
      return phase.pausing === 'unpause'
        ? accept({ type: 'ContainerUnpauseFailed', container, failure: command.failure })
        : nothing
  }
}

const isUnderWay = ({ phase, run }: Known, ended: number) =>
  run === ended && (phase.status === 'running' || phase.status === 'starting')

/** An end decides at once, in the same append, what follows from it: nothing can come between the two. */
const afterTheEnd = (
  { container, run, request, removal }: Known,
  phase: Known['phase'] | null,
): ReadonlyArray<Event> => {
  if (removal !== null) return []
  if (phase?.status === 'running' && phase.stop?.restart === true)
    return [{ type: 'ContainerStartRequested', container, run: run + 1 }]
  return request.autoRemove ? [{ type: 'ContainerRemoveRequested', container, force: false }] : []
}

export const decider: Decider<Command, State, Event, Rejection> = { initialState, evolve, decide }

/** A container that is there, or that is gone. */
export const settled = (state: State): O.Option<Event> => {
  if (state.status === 'absent') return O.none
  if (state.phase.status === 'removed')
    return O.some({ type: 'ContainerRemoved', container: state.container })
  return state.bundle === null
    ? O.none
    : O.some({
        type: 'ContainerCreated',
        container: state.container,
        bundle: state.bundle.path,
        configDigest: state.bundle.configDigest,
      })
}
