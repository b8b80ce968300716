import type { Failure } from '../kernel/failure.ts'
import type { ContainerId, ContainerName, Digest } from '../kernel/identifiers.ts'
import type { Event, EventOf } from './events.ts'

/** How the last run ended. */
export type End =
  | Omit<EventOf<'ContainerExited'>, 'type' | 'container' | 'run'>
  | Readonly<{ because: EventOf<'ContainerLost'>['because'] }>
  | Readonly<{ exitCode: number; failure: Failure }>

type Signal = Readonly<{ request: number; signal: number }>

/** A stop under way: `timedOut` once its signal was not enough. */
export type Stop = Readonly<{ signal: number; timeout: number | null; restart: boolean; timedOut: boolean }>

export type Running = Readonly<{
  status: 'running'
  pid: number
  paused: boolean
  /** What was asked for and is not answered yet. */
  pausing: 'pause' | 'unpause' | null
  signals: ReadonlyArray<Signal>
  lastRequest: number
  stop: Stop | null
}>

/** Where a container is in its life. */
export type Phase =
  | Readonly<{ status: 'creating'; start: boolean }>
  | Readonly<{ status: 'create-failed'; failure: Failure }>
  | Readonly<{ status: 'created' }>
  | Readonly<{ status: 'starting' }>
  | Running
  | Readonly<{ status: 'ended'; end: End }>
  | Readonly<{ status: 'removed' }>

export type Known = Readonly<{
  container: ContainerId
  request: Omit<EventOf<'ContainerCreateRequested'>, 'type'>
  name: ContainerName
  renaming: ContainerName | null
  bundle: Readonly<{ path: string; configDigest: Digest }> | null
  /** The number of its newest start; 0 before the first. */
  run: number
  removal: Readonly<{ force: boolean }> | null
  phase: Phase
}>

export type State = Readonly<{ status: 'absent' }> | (Readonly<{ status: 'known' }> & Known)

export const initialState: State = { status: 'absent' }

/** History is not up for debate: evolve never refuses and never throws. */
export const evolve = (state: State, event: Event): State => {
  if (event.type === 'ContainerCreateRequested') {
    const { type: _, ...request } = event
    return {
      status: 'known',
      container: event.container,
      request,
      name: event.name,
      renaming: null,
      bundle: null,
      run: 0,
      removal: null,
      phase: { status: 'creating', start: event.start },
    }
  }
  if (state.status === 'absent') return state

  switch (event.type) {
    case 'ContainerCreated':
      return {
        ...state,
        bundle: { path: event.bundle, configDigest: event.configDigest },
        phase: { status: 'created' },
      }
    case 'ContainerCreateFailed':
      return { ...state, phase: { status: 'create-failed', failure: event.failure } }
    case 'ContainerStartRequested':
      return { ...state, run: event.run, phase: { status: 'starting' } }
    case 'ContainerStarted':
      return { ...state, phase: startedPhase(event.pid) }
    case 'ContainerStartFailed':
      return {
        ...state,
        phase: { status: 'ended', end: { exitCode: event.exitCode, failure: event.failure } },
      }
    case 'ContainerExited': {
      const { type: _, container: __, run: ___, ...end } = event
      return { ...state, phase: { status: 'ended', end } }
    }
    case 'ContainerLost':
      return { ...state, phase: { status: 'ended', end: { because: event.because } } }
    case 'ContainerRenameRequested':
      return { ...state, renaming: event.name }
    case 'ContainerRenamed':
      return { ...state, renaming: null, name: event.name }
    case 'ContainerRenameFailed':
      return { ...state, renaming: null }
    case 'ContainerRemoveRequested':
      return { ...state, removal: { force: event.force } }
    case 'ContainerRemoved':
      return { ...state, phase: { status: 'removed' } }
    case 'ContainerSignalRequested':
    case 'ContainerSignalled':
    case 'ContainerSignalFailed':
    case 'ContainerStopRequested':
    case 'ContainerStopTimedOut':
    case 'ContainerPauseRequested':
    case 'ContainerPaused':
    case 'ContainerPauseFailed':
    case 'ContainerUnpauseRequested':
    case 'ContainerUnpaused':
    case 'ContainerUnpauseFailed':
      return state.phase.status === 'running' ? { ...state, phase: whileRunning(state.phase, event) } : state
  }
}

const startedPhase = (pid: number): Running => ({
  status: 'running',
  pid,
  paused: false,
  pausing: null,
  signals: [],
  lastRequest: 0,
  stop: null,
})

type WhileRunning = EventOf<
  | 'ContainerSignalRequested'
  | 'ContainerSignalled'
  | 'ContainerSignalFailed'
  | 'ContainerStopRequested'
  | 'ContainerStopTimedOut'
  | 'ContainerPauseRequested'
  | 'ContainerPaused'
  | 'ContainerPauseFailed'
  | 'ContainerUnpauseRequested'
  | 'ContainerUnpaused'
  | 'ContainerUnpauseFailed'
>

const whileRunning = (running: Running, event: WhileRunning): Running => {
  switch (event.type) {
    case 'ContainerSignalRequested':
      return {
        ...running,
        lastRequest: event.request,
        signals: [...running.signals, { request: event.request, signal: event.signal }],
      }
    case 'ContainerSignalled':
    case 'ContainerSignalFailed':
      return { ...running, signals: running.signals.filter(({ request }) => request !== event.request) }
    case 'ContainerStopRequested':
      return {
        ...running,
        stop: {
          signal: event.signal,
          timeout: event.timeout,
          restart: event.restart,
          // SIGKILL is on its way already, whatever follows the end.
          timedOut: running.stop?.timedOut === true,
        },
      }
    case 'ContainerStopTimedOut':
      return { ...running, stop: running.stop && { ...running.stop, timedOut: true } }
    case 'ContainerPauseRequested':
      return { ...running, pausing: 'pause' }
    case 'ContainerPaused':
      return { ...running, pausing: null, paused: true }
    case 'ContainerPauseFailed':
    case 'ContainerUnpauseFailed':
      return { ...running, pausing: null }
    case 'ContainerUnpauseRequested':
      return { ...running, pausing: 'unpause' }
    case 'ContainerUnpaused':
      return { ...running, pausing: null, paused: false }
  }
}
