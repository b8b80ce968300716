import type { DomainEvent, DomainEventOf } from '../events/catalogue.ts'
import type { Streams } from '../events/streams.ts'
import type { Descriptor, Layer } from '../kernel/descriptor.ts'
import type { Failure } from '../kernel/failure.ts'
import type { Digest, SnapshotKey } from '../kernel/identifiers.ts'
import type { Process, Request } from './process.ts'

type Pull = DomainEventOf<'ImagePullRequested'>
type Resolution = DomainEventOf<'ManifestResolved'>

type Transfer = Readonly<{
  pull: Pull
  resolution: Resolution
  stored: ReadonlyArray<Digest>
  unpacked: ReadonlyArray<SnapshotKey>
}>

export type State =
  | Readonly<{ step: 'untold' }>
  | Readonly<{ step: 'resolving'; pull: Pull }>
  | Readonly<{ step: 'transferring' } & Transfer>
  | Readonly<{ step: 'naming' } & Transfer>
  | Readonly<{ step: 'completing' } & Transfer>
  | Readonly<{ step: 'failing'; pull: Pull; failure: Failure }>
  | Readonly<{ step: 'told' }>

/** A layer's snapshot has the name of the stack that it completes. */
const keyOf = ({ chainId }: Layer): SnapshotKey => chainId as string as SnapshotKey

const blobsOf = ({ index, manifest, config, layers }: Resolution): ReadonlyArray<Descriptor> => {
  const all = [...(index === null ? [] : [index]), manifest, config, ...layers.map(({ blob }) => blob)]
  return [...new Map(all.map(blob => [blob.digest, blob])).values()]
}

const including = <A>(list: ReadonlyArray<A>, item: A) => (list.includes(item) ? list : [...list, item])

/** Blobs and layers arrive in any order; the image has its name when all are there. */
const progress = (transfer: Transfer): State => {
  const isStored = blobsOf(transfer.resolution).every(({ digest }) => transfer.stored.includes(digest))
  const isUnpacked = transfer.resolution.layers.every(layer => transfer.unpacked.includes(keyOf(layer)))
  return { ...transfer, step: isStored && isUnpacked ? 'naming' : 'transferring' }
}

const fail = (state: State, failure: Failure): State =>
  state.step === 'untold' || state.step === 'told' ? state : { step: 'failing', pull: state.pull, failure }

const evolve = (state: State, event: DomainEvent): State => {
  switch (event.type) {
    case 'ImagePullRequested':
      return { step: 'resolving', pull: event }
    case 'ManifestResolved':
      return state.step === 'resolving'
        ? progress({ pull: state.pull, resolution: event, stored: [], unpacked: [] })
        : state
    case 'BlobStored':
      return state.step === 'transferring'
        ? progress({ ...state, stored: including(state.stored, event.blob.digest) })
        : state
    case 'LayerUnpacked':
      return state.step === 'transferring'
        ? progress({ ...state, unpacked: including(state.unpacked, event.key) })
        : state
    // Somebody removed the last image that had it, just now: it is asked for again.
    case 'BlobRemoved':
      return state.step === 'transferring' || state.step === 'naming'
        ? progress({ ...state, stored: state.stored.filter(digest => digest !== event.digest) })
        : state
    case 'SnapshotRemoved':
      return state.step === 'transferring' || state.step === 'naming'
        ? progress({ ...state, unpacked: state.unpacked.filter(key => key !== event.key) })
        : state
    case 'BlobFetchFailed':
    case 'LayerUnpackFailed':
      return state.step === 'transferring' ? fail(state, event.failure) : state
    case 'ImageNamed':
      return state.step === 'naming' && event.name === state.pull.name
        ? { ...state, step: 'completing' }
        : state
    case 'ImagePulled':
    case 'ImagePullFailed':
      return { step: 'told' }
    default:
      return state
  }
}

/** Pull: resolve, fetch every blob, unpack each layer as soon as its blob is there, name the image, say so. */
export const transferImage = (streams: Streams): Process<State> => {
  const fetchBlob = ({ pull, resolution: { domain, path } }: Transfer, blob: Descriptor): Request => ({
    to: 'content',
    stream: streams.content(blob.digest),
    command: { type: 'FetchBlob', blob, source: { domain, path }, pull: pull.pull },
  })

  const unpackLayer = (layer: Layer): Request => ({
    to: 'snapshot',
    stream: streams.snapshot(keyOf(layer)),
    command: { type: 'UnpackLayer', key: keyOf(layer), layer },
  })

  const partsOf = ({ resolution }: Transfer) => [
    ...blobsOf(resolution).map(({ digest }) => streams.content(digest)),
    ...resolution.layers.map(layer => streams.snapshot(keyOf(layer))),
  ]

  const asks = (state: State): ReadonlyArray<Request> => {
    switch (state.step) {
      case 'untold':
      case 'told':
      case 'resolving':
        return []
      case 'transferring':
        return [
          ...blobsOf(state.resolution)
            .filter(({ digest }) => !state.stored.includes(digest))
            // The largest first: it takes the longest to unpack.
            .toSorted((a, b) => b.size - a.size)
            .map(blob => fetchBlob(state, blob)),
          ...state.resolution.layers
            .filter(
              layer => state.stored.includes(layer.blob.digest) && !state.unpacked.includes(keyOf(layer)),
            )
            .map(unpackLayer),
        ]
      case 'naming': {
        const { index, manifest, config, layers, image } = state.resolution
        const { namespace, name, pull } = state.pull
        return [
          {
            to: 'image',
            stream: streams.image(namespace, name),
            command: {
              type: 'NamePulledImage',
              namespace,
              name,
              pull,
              target: { index, manifest, config, layers, image },
            },
          },
        ]
      }
      case 'completing':
        return [distribution(state.pull, { type: 'RecordImagePulled', pull: state.pull.pull })]
      case 'failing':
        return [
          distribution(state.pull, {
            type: 'RecordImagePullFailed',
            pull: state.pull.pull,
            failure: state.failure,
          }),
        ]
    }
  }

  const distribution = (
    { namespace, pull }: Pull,
    command: Extract<Request, { to: 'distribution' }>['command'],
  ): Request => ({ to: 'distribution', stream: streams.pull(namespace, pull), command })

  return {
    name: 'transfer-image',
    categories: ['pull', 'content', 'snapshot', 'image'],
    stories: event => {
      switch (event.type) {
        case 'ImagePullRequested':
        case 'ManifestResolved':
        case 'ImagePulled':
        case 'ImagePullFailed':
          return [event.pull]
        default:
          return []
      }
    },
    begins: event => event.type === 'ImagePullRequested',
    initialState: { step: 'untold' },
    evolve,
    awaits: state => {
      switch (state.step) {
        case 'transferring':
          return partsOf(state)
        case 'naming':
          return [...partsOf(state), streams.image(state.pull.namespace, state.pull.name)]
        default:
          return []
      }
    },
    asks,
    refused: (state, { to }, { reason }) =>
      to === 'distribution'
        ? { step: 'told' }
        : fail(state, { problem: reason, cause: `${to} refused a step of the pull: ${reason}` }),
    isOver: state => state.step === 'told',
  }
}
