import * as O from 'fp-ts/lib/Option.js'
import { accept, nothing, reject } from '../kernel/decider.ts'
import type { Decider, Decision } from '../kernel/decider.ts'
import type { Layer } from '../kernel/descriptor.ts'
import type { Failure } from '../kernel/failure.ts'
import type { Digest, SnapshotKey } from '../kernel/identifiers.ts'
import type { Event } from './events.ts'
import type { Mount } from '../kernel/mount.ts'

// Snapshots are asked for by processes, and settled by our own reactor.

export type Command =
  | Readonly<{ type: 'UnpackLayer'; key: SnapshotKey; layer: Layer }>
  | Readonly<{ type: 'PrepareSnapshot'; key: SnapshotKey; parents: ReadonlyArray<Digest> }>
  | Readonly<{ type: 'RemoveSnapshot'; key: SnapshotKey; because: string }>
  | Outcome

export type Outcome =
  | Readonly<{ type: 'RecordLayerUnpacked'; key: SnapshotKey; size: number; entries: number }>
  | Readonly<{ type: 'RecordLayerUnpackFailed'; key: SnapshotKey; failure: Failure }>
  | Readonly<{ type: 'RecordSnapshotPrepared'; key: SnapshotKey; mounts: ReadonlyArray<Mount> }>
  | Readonly<{ type: 'RecordSnapshotPrepareFailed'; key: SnapshotKey; failure: Failure }>
  | Readonly<{ type: 'RecordSnapshotRemoved'; key: SnapshotKey }>

type CommandOf<Type extends Command['type']> = Extract<Command, { type: Type }>

export type Rejection = Readonly<{ reason: 'snapshot-key-taken'; key: SnapshotKey }>

/** `committed` is a layer, `active` what a container writes to (containerd's words). */
export type State =
  | Readonly<{ status: 'absent' }>
  | Readonly<{ status: 'unpacking'; key: SnapshotKey; layer: Layer }>
  | Readonly<{ status: 'committed'; key: SnapshotKey; layer: Layer; size: number; entries: number }>
  | Readonly<{ status: 'preparing'; key: SnapshotKey; parents: ReadonlyArray<Digest> }>
  | Readonly<{
      status: 'active'
      key: SnapshotKey
      parents: ReadonlyArray<Digest>
      mounts: ReadonlyArray<Mount>
    }>
  | Readonly<{ status: 'failed'; key: SnapshotKey; failure: Failure }>
  | Readonly<{ status: 'removing'; key: SnapshotKey }>
  | Readonly<{ status: 'removed'; key: SnapshotKey }>

const initialState: State = { status: 'absent' }

const evolve = (state: State, event: Event): State => {
  switch (event.type) {
    case 'LayerUnpackRequested':
      return { status: 'unpacking', key: event.key, layer: event.layer }
    case 'LayerUnpacked':
      return {
        status: 'committed',
        key: event.key,
        layer: event.layer,
        size: event.size,
        entries: event.entries,
      }
    case 'LayerUnpackFailed':
    case 'SnapshotPrepareFailed':
      return { status: 'failed', key: event.key, failure: event.failure }
    case 'SnapshotPrepareRequested':
      return { status: 'preparing', key: event.key, parents: event.parents }
    case 'SnapshotPrepared':
      return state.status === 'preparing'
        ? { status: 'active', key: event.key, parents: state.parents, mounts: event.mounts }
        : state
    case 'SnapshotRemoveRequested':
      return { status: 'removing', key: event.key }
    case 'SnapshotRemoved':
      return state.status === 'removing' ? { status: 'removed', key: event.key } : state
  }
}

type SnapshotDecision = Decision<Event, Rejection>

const unpack = ({ key, layer }: CommandOf<'UnpackLayer'>, state: State): SnapshotDecision => {
  switch (state.status) {
    case 'absent':
    case 'failed':
    case 'removing':
    case 'removed':
      return accept({ type: 'LayerUnpackRequested', key, layer })
    case 'unpacking':
    case 'committed':
      return nothing
    case 'preparing':
    case 'active':
      return reject({ reason: 'snapshot-key-taken', key })
  }
}

const isSameStack = (a: ReadonlyArray<Digest>, b: ReadonlyArray<Digest>) =>
  a.length === b.length && a.every((digest, i) => digest === b[i])

const prepare = ({ key, parents }: CommandOf<'PrepareSnapshot'>, state: State): SnapshotDecision => {
  switch (state.status) {
    case 'absent':
    case 'failed':
    case 'removed':
      return accept({ type: 'SnapshotPrepareRequested', key, parents })
    case 'preparing':
    case 'active':
      return isSameStack(state.parents, parents) ? nothing : reject({ reason: 'snapshot-key-taken', key })
    case 'unpacking':
    case 'committed':
    case 'removing':
      return reject({ reason: 'snapshot-key-taken', key })
  }
}

const remove = ({ key, because }: CommandOf<'RemoveSnapshot'>, state: State): SnapshotDecision => {
  switch (state.status) {
    case 'removing':
    case 'removed':
    // Somebody pulls it again: it is not anybody's to remove.
    case 'unpacking':
      return nothing
    case 'absent':
    case 'committed':
    case 'preparing':
    case 'active':
    case 'failed':
      return accept({ type: 'SnapshotRemoveRequested', key, because })
  }
}

const decide = (command: Command, state: State): SnapshotDecision => {
  switch (command.type) {
    case 'UnpackLayer':
      return unpack(command, state)
    case 'PrepareSnapshot':
      return prepare(command, state)
    case 'RemoveSnapshot':
      return remove(command, state)
    case 'RecordLayerUnpacked':
      return state.status === 'unpacking'
        ? accept({
            type: 'LayerUnpacked',
            key: command.key,
            layer: state.layer,
            size: command.size,
            entries: command.entries,
          })
        : nothing
    case 'RecordLayerUnpackFailed':
      return state.status === 'unpacking'
        ? accept({ type: 'LayerUnpackFailed', key: command.key, failure: command.failure })
        : nothing
    case 'RecordSnapshotPrepared':
      return state.status === 'preparing'
        ? accept({ type: 'SnapshotPrepared', key: command.key, mounts: command.mounts })
        : nothing
    case 'RecordSnapshotPrepareFailed':
      return state.status === 'preparing'
        ? accept({ type: 'SnapshotPrepareFailed', key: command.key, failure: command.failure })
        : nothing
    case 'RecordSnapshotRemoved':
      return state.status === 'removing' ? accept({ type: 'SnapshotRemoved', key: command.key }) : nothing
  }
}

export const decider: Decider<Command, State, Event, Rejection> = { initialState, evolve, decide }

/** What is on disk, that nothing is, or that somebody is putting it there. */
export const settled = (state: State): O.Option<Event> => {
  switch (state.status) {
    case 'committed': {
      const { status: _, ...layer } = state
      return O.some({ type: 'LayerUnpacked', ...layer })
    }
    case 'active':
      return O.some({ type: 'SnapshotPrepared', key: state.key, mounts: state.mounts })
    case 'removed':
      return O.some({ type: 'SnapshotRemoved', key: state.key })
    case 'unpacking':
      return O.some({ type: 'LayerUnpackRequested', key: state.key, layer: state.layer })
    case 'absent':
    case 'preparing':
    case 'failed':
    case 'removing':
      return O.none
  }
}

export type Work =
  | Readonly<{ task: 'unpack'; key: SnapshotKey; layer: Layer }>
  | Readonly<{ task: 'prepare'; key: SnapshotKey; parents: ReadonlyArray<Digest> }>
  | Readonly<{ task: 'remove'; key: SnapshotKey }>

export const owed = (state: State): ReadonlyArray<Work> => {
  switch (state.status) {
    case 'unpacking':
      return [{ task: 'unpack', key: state.key, layer: state.layer }]
    case 'preparing':
      return [{ task: 'prepare', key: state.key, parents: state.parents }]
    case 'removing':
      return [{ task: 'remove', key: state.key }]
    case 'absent':
    case 'committed':
    case 'active':
    case 'failed':
    case 'removed':
      return []
  }
}
