import * as O from 'fp-ts/lib/Option.js'
import { accept, nothing, reject } from '../kernel/decider.ts'
import type { Decider, Decision } from '../kernel/decider.ts'
import type { Descriptor } from '../kernel/descriptor.ts'
import type { Failure } from '../kernel/failure.ts'
import type { Digest, PullId } from '../kernel/identifiers.ts'
import type { Event, Source } from './events.ts'

// Blobs are asked for by processes only, and settled by our own reactor: nothing here comes from outside.

export type Command =
  | Readonly<{ type: 'FetchBlob'; blob: Descriptor; source: Source; pull: PullId }>
  | Readonly<{ type: 'RemoveBlob'; digest: Digest; because: string }>
  | Outcome

export type Outcome =
  | Readonly<{ type: 'RecordBlobStored'; blob: Descriptor }>
  | Readonly<{ type: 'RecordBlobFetchFailed'; digest: Digest; failure: Failure }>
  | Readonly<{ type: 'RecordBlobRemoved'; digest: Digest }>

type CommandOf<Type extends Command['type']> = Extract<Command, { type: Type }>

export type Rejection = Readonly<{ reason: 'blob-not-requested'; digest: Digest }>

export type State =
  | Readonly<{ status: 'absent' }>
  | Readonly<{ status: 'fetching'; blob: Descriptor; source: Source; pull: PullId }>
  | Readonly<{ status: 'stored'; blob: Descriptor }>
  | Readonly<{ status: 'failed'; digest: Digest; failure: Failure }>
  | Readonly<{ status: 'removing'; digest: Digest }>
  | Readonly<{ status: 'removed'; digest: Digest }>

const initialState: State = { status: 'absent' }

const evolve = (state: State, event: Event): State => {
  switch (event.type) {
    case 'BlobFetchRequested':
      return { status: 'fetching', blob: event.blob, source: event.source, pull: event.pull }
    case 'BlobStored':
      return { status: 'stored', blob: event.blob }
    case 'BlobFetchFailed':
      return { status: 'failed', digest: event.digest, failure: event.failure }
    case 'BlobRemoveRequested':
      return { status: 'removing', digest: event.digest }
    case 'BlobRemoved':
      return state.status === 'removing' ? { status: 'removed', digest: event.digest } : state
  }
}

type ContentDecision = Decision<Event, Rejection>

const fetch = ({ blob, source, pull }: CommandOf<'FetchBlob'>, state: State): ContentDecision => {
  switch (state.status) {
    case 'absent':
    case 'failed':
    case 'removing':
    case 'removed':
      return accept({ type: 'BlobFetchRequested', blob, source, pull })
    case 'fetching':
    case 'stored':
      return nothing
  }
}

const remove = ({ digest, because }: CommandOf<'RemoveBlob'>, state: State): ContentDecision =>
  state.status === 'removing' || state.status === 'removed' || state.status === 'fetching'
    ? nothing
    : accept({ type: 'BlobRemoveRequested', digest, because })

const recordStored = ({ blob }: CommandOf<'RecordBlobStored'>, state: State): ContentDecision => {
  switch (state.status) {
    case 'absent':
      return reject({ reason: 'blob-not-requested', digest: blob.digest })
    case 'fetching':
      return accept({ type: 'BlobStored', blob })
    case 'stored':
    case 'failed':
    case 'removing':
    case 'removed':
      return nothing
  }
}

const decide = (command: Command, state: State): ContentDecision => {
  switch (command.type) {
    case 'FetchBlob':
      return fetch(command, state)
    case 'RemoveBlob':
      return remove(command, state)
    case 'RecordBlobStored':
      return recordStored(command, state)
    case 'RecordBlobFetchFailed':
      return state.status === 'fetching'
        ? accept({ type: 'BlobFetchFailed', digest: command.digest, failure: command.failure })
        : nothing
    case 'RecordBlobRemoved':
      return state.status === 'removing' ? accept({ type: 'BlobRemoved', digest: command.digest }) : nothing
  }
}

export const decider: Decider<Command, State, Event, Rejection> = { initialState, evolve, decide }

/** A blob that is there, that is gone, or that somebody is fetching again. */
export const settled = (state: State): O.Option<Event> => {
  switch (state.status) {
    case 'stored':
      return O.some({ type: 'BlobStored', blob: state.blob })
    case 'removed':
      return O.some({ type: 'BlobRemoved', digest: state.digest })
    case 'fetching': {
      const { status: _, ...request } = state
      return O.some({ type: 'BlobFetchRequested', ...request })
    }
    case 'absent':
    case 'failed':
    case 'removing':
      return O.none
  }
}

export type Work =
  | Readonly<{ task: 'fetch'; blob: Descriptor; source: Source; pull: PullId }>
  | Readonly<{ task: 'remove'; digest: Digest }>

export const owed = (state: State): ReadonlyArray<Work> => {
  switch (state.status) {
    case 'fetching':
      return [{ task: 'fetch', blob: state.blob, source: state.source, pull: state.pull }]
    case 'removing':
      return [{ task: 'remove', digest: state.digest }]
    case 'absent':
    case 'stored':
    case 'failed':
    case 'removed':
      return []
  }
}
