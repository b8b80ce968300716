import * as O from 'fp-ts/lib/Option.js'
import { accept, nothing, reject } from '../kernel/decider.ts'
import type { Decider, Decision } from '../kernel/decider.ts'
import type { Failure } from '../kernel/failure.ts'
import type { PullId } from '../kernel/identifiers.ts'
import type { Event, EventOf } from './events.ts'

type Request = Omit<EventOf<'ImagePullRequested'>, 'type'>
type Resolution = Omit<EventOf<'ManifestResolved'>, 'type'>

// The reference is parsed at the edge (`reference.ts`), so the ask is already whole.

export type Ask = Readonly<{ type: 'PullImage' }> & Request

export type Outcome =
  | (Readonly<{ type: 'RecordManifestResolved'; strippedLabels: ReadonlyArray<string> }> & Resolution)
  | Readonly<{ type: 'RecordImagePulled'; pull: PullId }>
  | Readonly<{ type: 'RecordImagePullFailed'; pull: PullId; failure: Failure }>

export type Command = Ask | Outcome
type CommandOf<Type extends Command['type']> = Extract<Command, { type: Type }>

export type Rejection =
  | Readonly<{ reason: 'pull-id-taken'; pull: PullId }>
  | Readonly<{ reason: 'pull-not-requested'; pull: PullId }>

export type State =
  | Readonly<{ status: 'absent' }>
  | Readonly<{ status: 'resolving'; request: Request }>
  | Readonly<{ status: 'fetching'; request: Request; resolution: Resolution }>
  | Readonly<{ status: 'pulled'; request: Request; resolution: Resolution }>
  | Readonly<{ status: 'failed'; request: Request; failure: Failure }>

const initialState: State = { status: 'absent' }

const evolve = (state: State, event: Event): State => {
  switch (event.type) {
    case 'ImagePullRequested': {
      const { type: _, ...request } = event
      return { status: 'resolving', request }
    }
    case 'ManifestResolved': {
      if (state.status === 'absent') return state
      const { type: _, ...resolution } = event
      return { status: 'fetching', request: state.request, resolution }
    }
    case 'ReservedLabelsStripped':
      return state
    case 'ImagePulled':
      return state.status === 'fetching' ? { ...state, status: 'pulled' } : state
    case 'ImagePullFailed':
      return state.status === 'absent'
        ? state
        : { status: 'failed', request: state.request, failure: event.failure }
  }
}

type PullDecision = Decision<Event, Rejection>

const pull = ({ type: _, ...request }: Ask, state: State): PullDecision => {
  if (state.status === 'absent') return accept({ type: 'ImagePullRequested', ...request })
  return state.request.name === request.name
    ? nothing
    : reject({ reason: 'pull-id-taken', pull: request.pull })
}

const recordResolved = ({
  type: _,
  strippedLabels: labels,
  ...resolution
}: CommandOf<'RecordManifestResolved'>): PullDecision => {
  const resolved: Event = { type: 'ManifestResolved', ...resolution }
  const { pull, config } = resolution
  return labels.length === 0
    ? accept(resolved)
    : accept<Event>(resolved, { type: 'ReservedLabelsStripped', pull, config: config.digest, labels })
}

const recordPulled = ({ pull }: CommandOf<'RecordImagePulled'>, state: State): PullDecision => {
  switch (state.status) {
    case 'absent':
    case 'resolving':
      return reject({ reason: 'pull-not-requested', pull })
    case 'fetching':
      return accept({
        type: 'ImagePulled',
        pull,
        name: state.request.name,
        manifest: state.resolution.manifest,
      })
    case 'pulled':
    case 'failed':
      return nothing
  }
}

const decide = (command: Command, state: State): PullDecision => {
  switch (command.type) {
    case 'PullImage':
      return pull(command, state)
    case 'RecordManifestResolved':
      return state.status === 'resolving' ? recordResolved(command) : nothing
    case 'RecordImagePulled':
      return recordPulled(command, state)
    case 'RecordImagePullFailed':
      return state.status === 'resolving' || state.status === 'fetching'
        ? accept({ type: 'ImagePullFailed', pull: command.pull, failure: command.failure })
        : nothing
  }
}

export const decider: Decider<Command, State, Event, Rejection> = { initialState, evolve, decide }

export const settled = (state: State): O.Option<Event> => {
  switch (state.status) {
    case 'pulled':
      return O.some({
        type: 'ImagePulled',
        pull: state.request.pull,
        name: state.request.name,
        manifest: state.resolution.manifest,
      })
    case 'failed':
      return O.some({ type: 'ImagePullFailed', pull: state.request.pull, failure: state.failure })
    case 'absent':
    case 'resolving':
    case 'fetching':
      return O.none
  }
}

export type Work = Readonly<{ task: 'resolve' }> & Request

/** What follows the resolution is told by the process `transfer-image`. */
export const owed = (state: State): ReadonlyArray<Work> =>
  state.status === 'resolving' ? [{ task: 'resolve', ...state.request }] : []
