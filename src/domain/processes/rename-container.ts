import type { DomainEvent, DomainEventOf } from '../events/catalogue.ts'
import type { Streams } from '../events/streams.ts'
import type { Failure } from '../kernel/failure.ts'
import type { ContainerId, ContainerName, Namespace } from '../kernel/identifiers.ts'
import type { Process, Request } from './process.ts'

type Subject = Readonly<{ container: ContainerId; namespace: Namespace; name: ContainerName }>

export type State =
  | Readonly<{ step: 'untold' }>
  | Readonly<{ step: 'named' } & Subject>
  | Readonly<{ step: 'reserving'; wanted: ContainerName } & Subject>
  | Readonly<{ step: 'renaming'; wanted: ContainerName } & Subject>
  | Readonly<{ step: 'failing'; wanted: ContainerName; failure: Failure } & Subject>
  | Readonly<{ step: 'releasing'; previous: ContainerName } & Subject>
  | Readonly<{ step: 'told' }>

const subject = ({ container, namespace, name }: Subject): Subject => ({ container, namespace, name })

const isNameFact = (
  event: DomainEvent,
): event is DomainEventOf<'ContainerNameReserved' | 'ContainerNameReleased'> =>
  event.type === 'ContainerNameReserved' || event.type === 'ContainerNameReleased'

const evolve = (state: State, event: DomainEvent): State => {
  if (event.type === 'ContainerCreateRequested') return { step: 'named', ...subject(event) }
  if (state.step === 'untold' || state.step === 'told') return state

  switch (event.type) {
    case 'ContainerRenameRequested':
      return { step: 'reserving', wanted: event.name, ...subject(state) }
    case 'ContainerNameReserved':
      if (state.step === 'releasing' && event.name === state.previous)
        return { step: 'named', ...subject(state) }
      if (state.step !== 'reserving' || event.name !== state.wanted) return state
      return event.container === state.container
        ? { ...state, step: 'renaming' }
        : {
            ...state,
            step: 'failing',
            failure: {
              problem: 'container-name-taken',
              cause: `the name ${event.name} is in use by container ${event.container}`,
            },
          }
    case 'ContainerRenamed':
      return { step: 'releasing', previous: event.previous, ...subject(state), name: event.name }
    case 'ContainerNameReleased':
      return state.step === 'releasing' && event.name === state.previous
        ? { step: 'named', ...subject(state) }
        : state
    case 'ContainerRenameFailed':
      return { step: 'named', ...subject(state) }
    case 'ContainerRemoved':
      return { step: 'told' }
    default:
      return state
  }
}

/** Rename: reserve the new name, change it, release the old one; at no time has the container no name. */
export const renameContainer = (streams: Streams): Process<State> => {
  const aboutName = (
    { container, namespace }: Subject,
    type: 'ReserveContainerName' | 'ReleaseContainerName',
    name: ContainerName,
  ): Request => ({
    to: 'name',
    stream: streams.name(namespace, name),
    command: { type, namespace, name, container },
  })

  const runtime = (
    { container, namespace }: Subject,
    command: Extract<Request, { to: 'runtime' }>['command'],
  ): Request => ({ to: 'runtime', stream: streams.container(namespace, container), command })

  return {
    name: 'rename-container',
    categories: ['container', 'name'],
    stories: event => ('container' in event ? [event.container] : []),
    begins: event => event.type === 'ContainerCreateRequested',
    initialState: { step: 'untold' },
    evolve: (state, event) =>
      // Whoever else takes or leaves a name is of no interest but to the one who waits for it.
      isNameFact(event) && state.step === 'named' ? state : evolve(state, event),
    awaits: state => (state.step === 'reserving' ? [streams.name(state.namespace, state.wanted)] : []),
    asks: state => {
      switch (state.step) {
        case 'untold':
        case 'named':
        case 'told':
          return []
        case 'reserving':
          return [aboutName(state, 'ReserveContainerName', state.wanted)]
        case 'renaming':
          return [
            runtime(state, {
              type: 'RecordContainerRenamed',
              container: state.container,
              name: state.wanted,
            }),
          ]
        case 'failing':
          return [
            runtime(state, {
              type: 'RecordContainerRenameFailed',
              container: state.container,
              name: state.wanted,
              failure: state.failure,
            }),
          ]
        case 'releasing':
          return [aboutName(state, 'ReleaseContainerName', state.previous)]
      }
    },
    refused: state => state,
    isOver: state => state.step === 'told',
  }
}
