import * as O from 'fp-ts/lib/Option.js'
import { accept, nothing, reject } from '../kernel/decider.ts'
import type { Decider, Decision } from '../kernel/decider.ts'
import type { Digest, ImageName, Namespace, SnapshotKey } from '../kernel/identifiers.ts'
import type { Event, EventOf, Target } from './image-events.ts'

export { Event, Target } from './image-events.ts'
export type { EventOf } from './image-events.ts'

/** A name of an image, and what it stands for. */
type Subject = Readonly<{ namespace: Namespace; name: ImageName }>

export type Ask =
  | (Readonly<{ type: 'TagImage'; target: Target; from: ImageName }> & Subject)
  | (Readonly<{ type: 'RemoveImage' }> & Subject)

export type Told = Readonly<{ type: 'NamePulledImage'; target: Target; pull: string }> & Subject

export type Outcome = Readonly<{
  type: 'RecordImageRemoved'
  blobs: ReadonlyArray<Digest>
  snapshots: ReadonlyArray<SnapshotKey>
}> &
  Subject

export type Command = Ask | Told | Outcome

export type Rejection = Readonly<{ reason: 'image-not-found'; image: string }>

export type State =
  | Readonly<{ status: 'absent' }>
  | Readonly<{ status: 'named'; naming: EventOf<'ImageNamed'> }>
  | Readonly<{ status: 'removing'; subject: Subject; naming: EventOf<'ImageNamed'> }>
  | Readonly<{ status: 'removed'; event: EventOf<'ImageRemoved'> }>

const initialState: State = { status: 'absent' }

const evolve = (state: State, event: Event): State => {
  switch (event.type) {
    case 'ImageNamed':
      return { status: 'named', naming: event }
    case 'ImageRemoveRequested':
      return state.status === 'named'
        ? {
            status: 'removing',
            subject: { namespace: event.namespace, name: event.name },
            naming: state.naming,
          }
        : state
    case 'ImageRemoved':
      return state.status === 'removing' ? { status: 'removed', event } : state
  }
}

type ImageDecision = Decision<Event, Rejection>

const decide = (command: Command, state: State): ImageDecision => {
  const { namespace, name } = command
  switch (command.type) {
    case 'TagImage':
      return state.status === 'named' && isSameTarget(state.naming.target, command.target)
        ? nothing
        : accept({
            type: 'ImageNamed',
            namespace,
            name,
            target: command.target,
            source: { kind: 'tag', from: command.from },
          })
    case 'NamePulledImage': {
      // The same target again is a new fact (it was confirmed by this pull); the same pull again is not.
      const { naming } = state.status === 'named' ? state : { naming: null }
      return naming?.source.kind === 'pull' && naming.source.pull === command.pull
        ? nothing
        : accept({
            type: 'ImageNamed',
            namespace,
            name,
            target: command.target,
            source: { kind: 'pull', pull: command.pull },
          })
    }
    case 'RemoveImage':
      switch (state.status) {
        case 'named':
          return accept({ type: 'ImageRemoveRequested', namespace, name })
        case 'removing':
          return nothing
        case 'absent':
        case 'removed':
          return reject({ reason: 'image-not-found', image: name })
      }
    case 'RecordImageRemoved':
      return state.status === 'removing'
        ? accept({
            type: 'ImageRemoved',
            namespace,
            name,
            blobs: command.blobs,
            snapshots: command.snapshots,
          })
        : nothing
  }
}

const isSameTarget = (a: Target, b: Target) => a.manifest.digest === b.manifest.digest

export const decider: Decider<Command, State, Event, Rejection> = { initialState, evolve, decide }

export const settled = (state: State): O.Option<Event> => {
  switch (state.status) {
    case 'named':
      return O.some(state.naming)
    case 'removed':
      return O.some(state.event)
    case 'absent':
    case 'removing':
      return O.none
  }
}

export type Work = Readonly<{ task: 'remove'; namespace: Namespace; name: ImageName; target: Target }>

export const owed = (state: State): ReadonlyArray<Work> =>
  state.status === 'removing' ? [{ task: 'remove', ...state.subject, target: state.naming.target }] : []
