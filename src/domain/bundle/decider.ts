import * as O from 'fp-ts/lib/Option.js'
import { accept, nothing, reject } from '../kernel/decider.ts'
import type { Decider, Decision } from '../kernel/decider.ts'
import type { Failure } from '../kernel/failure.ts'
import type { ContainerId, Digest } from '../kernel/identifiers.ts'
import type { Event, EventOf } from './events.ts'

type Request = Omit<EventOf<'BundlePrepareRequested'>, 'type'>

// Bundles are asked for by processes, and settled by our own reactor.

export type Command =
  | (Readonly<{ type: 'PrepareBundle' }> & Request)
  | Readonly<{ type: 'RemoveBundle'; container: ContainerId }>
  | Outcome

export type Outcome =
  | Readonly<{ type: 'RecordBundlePrepared'; container: ContainerId; path: string; configDigest: Digest }>
  | Readonly<{ type: 'RecordBundlePrepareFailed'; container: ContainerId; failure: Failure }>
  | Readonly<{ type: 'RecordBundleRemoved'; container: ContainerId }>

type CommandOf<Type extends Command['type']> = Extract<Command, { type: Type }>

export type Rejection = Readonly<{ reason: 'bundle-being-removed'; container: ContainerId }>

export type State =
  | Readonly<{ status: 'absent' }>
  | Readonly<{ status: 'preparing'; request: Request }>
  | Readonly<{ status: 'prepared'; container: ContainerId; path: string; configDigest: Digest }>
  | Readonly<{ status: 'failed'; container: ContainerId; failure: Failure }>
  | Readonly<{ status: 'removing'; container: ContainerId }>
  | Readonly<{ status: 'removed'; container: ContainerId }>

const initialState: State = { status: 'absent' }

const evolve = (state: State, event: Event): State => {
  switch (event.type) {
    case 'BundlePrepareRequested': {
      const { type: _, ...request } = event
      return { status: 'preparing', request }
    }
    case 'BundlePrepared': {
      const { type: _, ...bundle } = event
      return { status: 'prepared', ...bundle }
    }
    case 'BundlePrepareFailed':
      return { status: 'failed', container: event.container, failure: event.failure }
    case 'BundleRemoveRequested':
      return { status: 'removing', container: event.container }
    case 'BundleRemoved':
      return state.status === 'removing' ? { status: 'removed', container: event.container } : state
  }
}

type BundleDecision = Decision<Event, Rejection>

const prepare = ({ type: _, ...request }: CommandOf<'PrepareBundle'>, state: State): BundleDecision => {
  switch (state.status) {
    case 'absent':
    case 'failed':
      return accept({ type: 'BundlePrepareRequested', ...request })
    case 'preparing':
    case 'prepared':
      return nothing
    case 'removing':
    case 'removed':
      return reject({ reason: 'bundle-being-removed', container: request.container })
  }
}

const remove = ({ container }: CommandOf<'RemoveBundle'>, state: State): BundleDecision =>
  state.status === 'removing' || state.status === 'removed'
    ? nothing
    : accept({ type: 'BundleRemoveRequested', container })

const decide = (command: Command, state: State): BundleDecision => {
  switch (command.type) {
    case 'PrepareBundle':
      return prepare(command, state)
    case 'RemoveBundle':
      return remove(command, state)
    case 'RecordBundlePrepared': {
      const { type: _, ...bundle } = command
      return state.status === 'preparing' ? accept({ type: 'BundlePrepared', ...bundle }) : nothing
    }
    case 'RecordBundlePrepareFailed':
      return state.status === 'preparing'
        ? accept({ type: 'BundlePrepareFailed', container: command.container, failure: command.failure })
        : nothing
    case 'RecordBundleRemoved':
      return state.status === 'removing'
        ? accept({ type: 'BundleRemoved', container: command.container })
        : nothing
  }
}

export const decider: Decider<Command, State, Event, Rejection> = { initialState, evolve, decide }

export const settled = (state: State): O.Option<Event> => {
  switch (state.status) {
    case 'prepared': {
      const { status: _, ...bundle } = state
      return O.some({ type: 'BundlePrepared', ...bundle })
    }
    case 'removed':
      return O.some({ type: 'BundleRemoved', container: state.container })
    case 'absent':
    case 'preparing':
    case 'failed':
    case 'removing':
      return O.none
  }
}

export type Work =
  | (Readonly<{ task: 'prepare' }> & Request)
  | Readonly<{ task: 'remove'; container: ContainerId }>

export const owed = (state: State): ReadonlyArray<Work> => {
  switch (state.status) {
    case 'preparing':
      return [{ task: 'prepare', ...state.request }]
    case 'removing':
      return [{ task: 'remove', container: state.container }]
    case 'absent':
    case 'prepared':
    case 'failed':
    case 'removed':
      return []
  }
}
