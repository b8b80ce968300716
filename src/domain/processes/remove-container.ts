import type { DomainEvent } from '../events/catalogue.ts'
import type { Streams } from '../events/streams.ts'
import type { ContainerId, ContainerName, Namespace } from '../kernel/identifiers.ts'
import { rootfsOf } from './create-container.ts'
import type { Process, Request } from './process.ts'

type Subject = Readonly<{
  container: ContainerId
  namespace: Namespace
  name: ContainerName
  /** The other name that it has while it is being renamed: first the new one, then the old one. */
  other: ContainerName | null
}>

/** Each step is settled before the next: first what uses the rootfs, then the rootfs, the name last. */
export type State =
  | Readonly<{ step: 'untold' }>
  /** It is there; `isStill`: nothing of it runs or is about to. */
  | Readonly<{ step: 'living'; isStill: boolean } & Subject>
  | Readonly<{ step: 'awaiting-end' } & Subject>
  | Readonly<{ step: 'removing-bundle' } & Subject>
  | Readonly<{ step: 'removing-snapshot' } & Subject>
  | Readonly<{ step: 'releasing-name' } & Subject>
  | Readonly<{ step: 'concluding' } & Subject>
  | Readonly<{ step: 'told' }>

const evolve = (state: State, event: DomainEvent): State => {
  if (event.type === 'ContainerCreateRequested') {
    const { container, namespace, name } = event
    return { step: 'living', isStill: false, container, namespace, name, other: null }
  }
  if (state.step === 'untold' || state.step === 'told') return state

  switch (event.type) {
    case 'ContainerStartRequested':
      return state.step === 'living' ? { ...state, isStill: false } : state
    case 'ContainerCreated':
    case 'ContainerCreateFailed':
    case 'ContainerStartFailed':
    case 'ContainerExited':
    case 'ContainerLost':
      if (state.step === 'living') return { ...state, isStill: true }
      return state.step === 'awaiting-end' ? { ...state, step: 'removing-bundle' } : state
    case 'ContainerRenameRequested':
      return { ...state, other: event.name }
    case 'ContainerRenamed':
      return { ...state, name: event.name, other: event.previous }
    case 'ContainerRenameFailed':
      return { ...state, other: null }
    case 'ContainerRemoveRequested':
      if (state.step !== 'living') return state
      return { ...state, step: state.isStill ? 'removing-bundle' : 'awaiting-end' }
    case 'BundleRemoved':
      return state.step === 'removing-bundle' ? { ...state, step: 'removing-snapshot' } : state
    case 'SnapshotRemoved':
      return state.step === 'removing-snapshot' ? { ...state, step: 'releasing-name' } : state
    case 'ContainerNameReleased':
    case 'ContainerNameReserved':
      if (event.type === 'ContainerNameReleased' && event.name === state.other)
        return { ...state, other: null }
      // Reserved by another: then this one never had it, or has it no longer.
      return state.step === 'releasing-name' && event.name === state.name
        ? { ...state, step: 'concluding' }
        : state
    case 'ContainerRemoved':
      return { step: 'told' }
    default:
      return state
  }
}

/** Remove: wait for the end, then bundle, snapshot, name, and at last say that it is gone. */
export const removeContainer = (streams: Streams): Process<State> => {
  const asks = (state: State): ReadonlyArray<Request> => {
    switch (state.step) {
      case 'untold':
      case 'living':
      case 'awaiting-end':
      case 'told':
        return []
      case 'removing-bundle': {
        const { container, namespace } = state
        return [
          {
            to: 'bundle',
            stream: streams.bundle(namespace, container),
            command: { type: 'RemoveBundle', container },
          },
        ]
      }
      case 'removing-snapshot': {
        const key = rootfsOf(state.container)
        return [
          {
            to: 'snapshot',
            stream: streams.snapshot(key),
            command: { type: 'RemoveSnapshot', key, because: `container ${state.container} was removed` },
          },
        ]
      }
      case 'releasing-name': {
        const { namespace, name, container, other } = state
        // The renaming puts its names in order first: nothing may stay reserved for who is gone.
        if (other !== null) return []
        return [
          {
            to: 'name',
            stream: streams.name(namespace, name),
            command: { type: 'ReleaseContainerName', namespace, name, container },
          },
        ]
      }
      case 'concluding': {
        const { namespace, container } = state
        return [
          {
            to: 'runtime',
            stream: streams.container(namespace, container),
            command: { type: 'RecordContainerRemoved', container },
          },
        ]
      }
    }
  }

  return {
    name: 'remove-container',
    categories: ['container', 'bundle', 'snapshot', 'name'],
    stories: event => {
      if ('container' in event) return [event.container]
      return 'key' in event ? [event.key] : []
    },
    begins: event => event.type === 'ContainerCreateRequested',
    initialState: { step: 'untold' },
    evolve,
    awaits: () => [],
    asks,
    refused: state => state,
    isOver: state => state.step === 'told',
  }
}
