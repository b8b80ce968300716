import type { DomainEventOf, EventType } from '../../domain/events/catalogue.ts'
import type { Actor } from '../../domain/kernel/context.ts'
import type { Failure } from '../../domain/kernel/failure.ts'
import type { ContainerId, ContainerName, Digest, Namespace } from '../../domain/kernel/identifiers.ts'
import type { Recorded } from '../../domain/kernel/store.ts'

type Asked = DomainEventOf<'ContainerCreateRequested'>

export type ContainerStatus =
  | 'creating'
  | 'created'
  | 'create-failed'
  | 'starting'
  | 'running'
  | 'paused'
  | 'start-failed'
  | 'exited'
  | 'lost'
  | 'removing'
  | 'removed'

export type ContainerExit = Readonly<{
  exitCode: number
  signal: number | null
  oomKilled: boolean
  exitedAt: string
  observed: 'live' | 'after-restart'
}>

/** What is known of a container at a position of the log. Times are RFC 3339. */
export type ContainerView = Readonly<{
  id: ContainerId
  name: ContainerName
  namespace: Namespace
  image: Readonly<{ name: string; manifest: Digest; config: Digest; layers: ReadonlyArray<Digest> }>
  status: ContainerStatus
  pid: number | null
  /** How often it was started. */
  run: number
  exit: ContainerExit | null
  lost: 'host-restarted' | 'monitor-died' | null
  failure: (Failure & Readonly<{ exitCode: number | null }>) | null
  createdAt: string
  startedAt: string | null
  endedAt: string | null
  removedAt: string | null
  /** Who asked for it, and who had it removed. */
  actor: Actor
  removedBy: Actor | null
  autoRemove: boolean
  options: Asked['options']
  defaults: Asked['defaults']
  bundle: string | null
  configDigest: Digest | null
  /** Of the last event that changed any of this. */
  position: number
}>

/** The view of a container that was just asked for. */
export const asked = ({ event, metadata, position }: Recorded<Asked>): ContainerView => ({
  id: event.container,
  name: event.name,
  namespace: event.namespace,
  image: {
    name: event.image.name,
    manifest: event.image.manifest.digest,
    config: event.image.config,
    layers: event.image.layers,
  },
  status: 'creating',
  pid: null,
  run: 0,
  exit: null,
  lost: null,
  failure: null,
  createdAt: metadata.occurredAt,
  startedAt: null,
  endedAt: null,
  removedAt: null,
  actor: metadata.actor,
  removedBy: null,
  autoRemove: event.autoRemove,
  options: event.options,
  defaults: event.defaults,
  bundle: null,
  configDigest: null,
  position,
})

type Changes = {
  readonly [T in EventType]?: (recorded: Recorded<DomainEventOf<T>>) => Partial<ContainerView>
}

/** What each later event changes in the view. */
export const changes = {
  ContainerCreated: ({ event }) => ({
    status: 'created',
    bundle: event.bundle,
    configDigest: event.configDigest,
  }),
  ContainerCreateFailed: ({ event, metadata }) => ({
    status: 'create-failed',
    failure: { ...event.failure, exitCode: null },
    endedAt: metadata.occurredAt,
  }),
  ContainerStartRequested: ({ event }) => ({
    status: 'starting',
    run: event.run,
    pid: null,
    exit: null,
    lost: null,
    failure: null,
    startedAt: null,
    endedAt: null,
  }),
  ContainerStarted: ({ event, metadata }) => ({
    status: 'running',
    pid: event.pid,
    startedAt: metadata.occurredAt,
  }),
  ContainerStartFailed: ({ event, metadata }) => ({
    status: 'start-failed',
    failure: { ...event.failure, exitCode: event.exitCode },
    endedAt: metadata.occurredAt,
  }),
  ContainerPaused: () => ({ status: 'paused' }),
  ContainerUnpaused: () => ({ status: 'running' }),
  ContainerExited: ({ event: { exitCode, signal, oomKilled, exitedAt, observed } }) => ({
    status: 'exited',
    pid: null,
    exit: { exitCode, signal, oomKilled, exitedAt, observed },
    endedAt: exitedAt,
  }),
  ContainerLost: ({ event, metadata }) => ({
    status: 'lost',
    pid: null,
    lost: event.because,
    endedAt: metadata.occurredAt,
  }),
  ContainerRenamed: ({ event }) => ({ name: event.name }),
  ContainerRemoveRequested: ({ metadata }) => ({ removedBy: metadata.actor }),
  ContainerRemoved: ({ metadata }) => ({ status: 'removed', pid: null, removedAt: metadata.occurredAt }),
} satisfies Changes
