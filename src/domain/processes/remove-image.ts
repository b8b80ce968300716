import type { DomainEvent, DomainEventOf } from '../events/catalogue.ts'
import type { Streams } from '../events/streams.ts'
import type { Process } from './process.ts'

type Removal = DomainEventOf<'ImageRemoved'>

export type State =
  | Readonly<{ step: 'untold' }>
  | Readonly<{ step: 'removing'; removal: Removal; gone: ReadonlyArray<string> }>
  | Readonly<{ step: 'told' }>

const isDone = (removal: Removal, gone: ReadonlyArray<string>) =>
  [...removal.blobs, ...removal.snapshots].every(item => gone.includes(item))

const settle = (state: State, item: string): State => {
  if (state.step !== 'removing' || state.gone.includes(item)) return state
  const gone = [...state.gone, item]
  return isDone(state.removal, gone) ? { step: 'told' } : { ...state, gone }
}

const evolve = (state: State, event: DomainEvent): State => {
  switch (event.type) {
    case 'ImageRemoved':
      return isDone(event, []) ? { step: 'told' } : { step: 'removing', removal: event, gone: [] }
    case 'BlobRemoved':
      return settle(state, event.digest)
    case 'SnapshotRemoved':
      return settle(state, event.key)
    // Somebody pulled it again meanwhile: it is not ours to remove any more.
    case 'BlobFetchRequested':
      return settle(state, event.blob.digest)
    case 'LayerUnpackRequested':
      return settle(state, event.key)
    default:
      return state
  }
}

/** An image's name is gone: let each owner remove what lost its last reference by it. */
export const removeImage = (streams: Streams): Process<State> => ({
  name: 'remove-image',
  categories: ['image', 'content', 'snapshot'],
  stories: event => (event.type === 'ImageRemoved' ? [`${event.namespace}/${event.name}`] : []),
  begins: event => event.type === 'ImageRemoved',
  initialState: { step: 'untold' },
  evolve,
  awaits: state =>
    state.step === 'removing'
      ? [...state.removal.blobs.map(streams.content), ...state.removal.snapshots.map(streams.snapshot)]
      : [],
  asks: state => {
    if (state.step !== 'removing') return []
    const { removal, gone } = state
    const because = `image ${removal.name} was removed`
    return [
      ...removal.snapshots
        .filter(key => !gone.includes(key))
        .map(key => ({
          to: 'snapshot' as const,
          stream: streams.snapshot(key),
          command: { type: 'RemoveSnapshot' as const, key, because },
        })),
      ...removal.blobs
        .filter(digest => !gone.includes(digest))
        .map(digest => ({
          to: 'content' as const,
          stream: streams.content(digest),
          command: { type: 'RemoveBlob' as const, digest, because },
        })),
    ]
  },
  refused: state => state,
  isOver: state => state.step === 'told',
})
