import type { DomainEvent, DomainEventOf } from '../events/catalogue.ts'
import type { Streams } from '../events/streams.ts'
import type { Failure } from '../kernel/failure.ts'
import type { ContainerId, SnapshotKey } from '../kernel/identifiers.ts'
import type { Mount } from '../kernel/mount.ts'
import type { Process, Request } from './process.ts'

type Asked = DomainEventOf<'ContainerCreateRequested'>

type Story = Readonly<{
  asked: Asked
  isNamed: boolean
  mounts: ReadonlyArray<Mount> | null
  bundle: DomainEventOf<'BundlePrepared'> | null
}>

export type State =
  | Readonly<{ step: 'untold' }>
  | Readonly<{ step: 'preparing' } & Story>
  | Readonly<{ step: 'failing'; asked: Asked; failure: Failure }>
  | Readonly<{ step: 'told' }>

/** A container writes to a snapshot of its own name. */
export const rootfsOf = (container: ContainerId): SnapshotKey => container as string as SnapshotKey

const fail = (state: State, failure: Failure): State =>
  state.step === 'preparing' ? { step: 'failing', asked: state.asked, failure } : state

const evolve = (state: State, event: DomainEvent): State => {
  if (event.type === 'ContainerCreateRequested')
    return { step: 'preparing', asked: event, isNamed: false, mounts: null, bundle: null }
  if (state.step === 'untold' || state.step === 'told') return state

  switch (event.type) {
    case 'ContainerNameReserved':
      if (state.step !== 'preparing' || event.name !== state.asked.name) return state
      return event.container === state.asked.container
        ? { ...state, isNamed: true }
        : fail(state, {
            problem: 'container-name-taken',
            cause: `the name ${event.name} is in use by container ${event.container}`,
          })
    case 'SnapshotPrepared':
      return state.step === 'preparing' ? { ...state, mounts: event.mounts } : state
    case 'BundlePrepared':
      return state.step === 'preparing' ? { ...state, bundle: event } : state
    case 'SnapshotPrepareFailed':
    case 'BundlePrepareFailed':
      return fail(state, event.failure)
    case 'ContainerCreated':
    case 'ContainerCreateFailed':
    case 'ContainerRemoved':
      return { step: 'told' }
    default:
      return state
  }
}

/** Create: reserve the name and prepare the rootfs, side by side; then the bundle; then say that it is there. */
export const createContainer = (streams: Streams): Process<State> => {
  const reserveName = ({ namespace, name, container }: Asked): Request => ({
    to: 'name',
    stream: streams.name(namespace, name),
    command: { type: 'ReserveContainerName', namespace, name, container },
  })

  const prepareRootfs = ({ container, image }: Asked): Request => ({
    to: 'snapshot',
    stream: streams.snapshot(rootfsOf(container)),
    command: { type: 'PrepareSnapshot', key: rootfsOf(container), parents: image.layers },
  })

  const prepareBundle = (
    { container, namespace, defaults, options }: Asked,
    mounts: ReadonlyArray<Mount>,
  ): Request => ({
    to: 'bundle',
    stream: streams.bundle(namespace, container),
    command: { type: 'PrepareBundle', container, namespace, mounts, defaults, options },
  })

  const runtime = (
    { namespace, container }: Asked,
    command: Extract<Request, { to: 'runtime' }>['command'],
  ): Request => ({ to: 'runtime', stream: streams.container(namespace, container), command })

  return {
    name: 'create-container',
    categories: ['container', 'name', 'snapshot', 'bundle'],
    stories: event => {
      if ('container' in event) return [event.container]
      return 'key' in event ? [event.key] : []
    },
    begins: event => event.type === 'ContainerCreateRequested',
    initialState: { step: 'untold' },
    evolve,
    awaits: state =>
      state.step === 'preparing' && !state.isNamed
        ? [streams.name(state.asked.namespace, state.asked.name)]
        : [],
    asks: state => {
      switch (state.step) {
        case 'untold':
        case 'told':
          return []
        case 'preparing': {
          const { asked, isNamed, mounts, bundle } = state
          const { container } = asked
          if (!isNamed || mounts === null)
            return [
              ...(isNamed ? [] : [reserveName(asked)]),
              ...(mounts === null ? [prepareRootfs(asked)] : []),
            ]
          if (bundle === null) return [prepareBundle(asked, mounts)]
          const { path, configDigest } = bundle
          return [runtime(asked, { type: 'RecordContainerCreated', container, bundle: path, configDigest })]
        }
        case 'failing': {
          const { asked, failure } = state
          return [
            runtime(asked, { type: 'RecordContainerCreateFailed', container: asked.container, failure }),
          ]
        }
      }
    },
    refused: (state, { to }, { reason }) =>
      fail(state, { problem: reason, cause: `${to} refused a step of the creation: ${reason}` }),
    isOver: state => state.step === 'told',
  }
}
