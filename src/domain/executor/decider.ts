import * as O from 'fp-ts/lib/Option.js'
import { accept, nothing, reject } from '../kernel/decider.ts'
import type { Decider, Decision } from '../kernel/decider.ts'
import type { Failure } from '../kernel/failure.ts'
import type { ContainerId, ExecId } from '../kernel/identifiers.ts'
import type { Event, EventOf } from './events.ts'

type Request = Omit<EventOf<'ExecStartRequested'>, 'type'>

export type Ask = Readonly<{ type: 'StartExec' }> & Request

export type Outcome =
  | Readonly<{ type: 'RecordExecStarted'; exec: ExecId; container: ContainerId; pid: number }>
  | Readonly<{
      type: 'RecordExecStartFailed'
      exec: ExecId
      container: ContainerId
      exitCode: number
      failure: Failure
    }>
  | (Readonly<{ type: 'RecordExecExited' }> & Omit<EventOf<'ExecExited'>, 'type'>)
  | (Readonly<{ type: 'RecordExecLost' }> & Omit<EventOf<'ExecLost'>, 'type'>)

export type Command = Ask | Outcome

export type Rejection = Readonly<{ reason: 'exec-id-taken'; exec: ExecId }>

export type State =
  | Readonly<{ status: 'absent' }>
  | Readonly<{ status: 'starting'; request: Request }>
  | Readonly<{ status: 'running'; exec: ExecId; container: ContainerId; pid: number }>
  | Readonly<{ status: 'ended' }>

const initialState: State = { status: 'absent' }

const evolve = (state: State, event: Event): State => {
  switch (event.type) {
    case 'ExecStartRequested': {
      const { type: _, ...request } = event
      return { status: 'starting', request }
    }
    case 'ExecStarted':
      return state.status === 'starting'
        ? { status: 'running', exec: event.exec, container: event.container, pid: event.pid }
        : state
    case 'ExecStartFailed':
    case 'ExecExited':
    case 'ExecLost':
      return { status: 'ended' }
  }
}

type ExecDecision = Decision<Event, Rejection>

const decide = (command: Command, state: State): ExecDecision => {
  switch (command.type) {
    case 'StartExec': {
      const { type: _, ...request } = command
      return state.status === 'absent'
        ? accept({ type: 'ExecStartRequested', ...request })
        : reject({ reason: 'exec-id-taken', exec: command.exec })
    }
    case 'RecordExecStarted': {
      const { type: _, ...started } = command
      return state.status === 'starting' ? accept({ type: 'ExecStarted', ...started }) : nothing
    }
    case 'RecordExecStartFailed': {
      const { type: _, ...failed } = command
      return state.status === 'starting' ? accept({ type: 'ExecStartFailed', ...failed }) : nothing
    }
    case 'RecordExecExited': {
      const { type: _, ...exited } = command
      return isUnderWay(state) ? accept({ type: 'ExecExited', ...exited }) : nothing
    }
    case 'RecordExecLost': {
      const { type: _, ...lost } = command
      return isUnderWay(state) ? accept({ type: 'ExecLost', ...lost }) : nothing
    }
  }
}

const isUnderWay = ({ status }: State) => status === 'starting' || status === 'running'

export const decider: Decider<Command, State, Event, Rejection> = { initialState, evolve, decide }

/** No process waits for one. */
export const settled = (): O.Option<Event> => O.none

export type Work = Readonly<{ task: 'start' }> & Request

export const owed = (state: State): ReadonlyArray<Work> =>
  state.status === 'starting' ? [{ task: 'start', ...state.request }] : []

/** The process whose end is still to come. */
export const watched = (state: State): Readonly<{ exec: ExecId; container: ContainerId }> | null =>
  state.status === 'running' ? { exec: state.exec, container: state.container } : null
