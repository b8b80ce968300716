import * as t from 'io-ts'
import { ContainerOptions } from '../kernel/container-options.ts'
import { Descriptor } from '../kernel/descriptor.ts'
import { Failure } from '../kernel/failure.ts'
import { ContainerId, ContainerName, Digest, ImageName, Namespace } from '../kernel/identifiers.ts'
import { ImageDefaults } from '../kernel/image-config.ts'

// These shapes are stored for ever. Add events, or add an upcaster; never edit one.

/** What a container was made from: the name it was asked for by, and what that name stood for then. */
export const ContainerImage = t.strict({
  name: ImageName,
  manifest: Descriptor,
  /** The config's digest: what docker calls the image id. */
  config: Digest,
  /** Chain ids, lowest first. */
  layers: t.readonlyArray(Digest),
})
export type ContainerImage = t.TypeOf<typeof ContainerImage>

/** An intent. `start`: it is to be started as soon as it is there. */
const ContainerCreateRequested = t.strict({
  type: t.literal('ContainerCreateRequested'),
  container: ContainerId,
  namespace: Namespace,
  name: ContainerName,
  image: ContainerImage,
  defaults: ImageDefaults,
  options: ContainerOptions,
  autoRemove: t.boolean,
  start: t.boolean,
})

const ContainerCreated = t.strict({
  type: t.literal('ContainerCreated'),
  container: ContainerId,
  bundle: t.string,
  configDigest: Digest,
})

const ContainerCreateFailed = t.strict({
  type: t.literal('ContainerCreateFailed'),
  container: ContainerId,
  failure: Failure,
})

/** An intent; `run` counts the container's starts from 1. */
const ContainerStartRequested = t.strict({
  type: t.literal('ContainerStartRequested'),
  container: ContainerId,
  run: t.number,
})

const ContainerStarted = t.strict({
  type: t.literal('ContainerStarted'),
  container: ContainerId,
  run: t.number,
  /** In the host's pid namespace. */
  pid: t.number,
})

/** `exitCode` as docker has it: 127 not found, 126 cannot be executed, 128 the runtime failed. */
const ContainerStartFailed = t.strict({
  type: t.literal('ContainerStartFailed'),
  container: ContainerId,
  run: t.number,
  exitCode: t.number,
  failure: Failure,
})

/** An intent; `request` numbers the signals of one run from 1. */
const ContainerSignalRequested = t.strict({
  type: t.literal('ContainerSignalRequested'),
  container: ContainerId,
  request: t.number,
  signal: t.number,
})

const ContainerSignalled = t.strict({
  type: t.literal('ContainerSignalled'),
  container: ContainerId,
  request: t.number,
  signal: t.number,
})

const ContainerSignalFailed = t.strict({
  type: t.literal('ContainerSignalFailed'),
  container: ContainerId,
  request: t.number,
  signal: t.number,
  failure: Failure,
})

/** An intent: `signal`, then SIGKILL after `timeout` seconds (null: never). `restart`: it is to be started again. */
const ContainerStopRequested = t.strict({
  type: t.literal('ContainerStopRequested'),
  container: ContainerId,
  signal: t.number,
  timeout: t.union([t.number, t.null]),
  restart: t.boolean,
})

const ContainerStopTimedOut = t.strict({ type: t.literal('ContainerStopTimedOut'), container: ContainerId })

const ContainerPauseRequested = t.strict({
  type: t.literal('ContainerPauseRequested'),
  container: ContainerId,
})
const ContainerPaused = t.strict({ type: t.literal('ContainerPaused'), container: ContainerId })
const ContainerPauseFailed = t.strict({
  type: t.literal('ContainerPauseFailed'),
  container: ContainerId,
  failure: Failure,
})
const ContainerUnpauseRequested = t.strict({
  type: t.literal('ContainerUnpauseRequested'),
  container: ContainerId,
})
const ContainerUnpaused = t.strict({ type: t.literal('ContainerUnpaused'), container: ContainerId })
const ContainerUnpauseFailed = t.strict({
  type: t.literal('ContainerUnpauseFailed'),
  container: ContainerId,
  failure: Failure,
})

/** How a run ended, as the monitor wrote it down. `exitedAt` is older than the record where it was found after a restart. */
const ContainerExited = t.strict({
  type: t.literal('ContainerExited'),
  container: ContainerId,
  run: t.number,
  exitCode: t.number,
  signal: t.union([t.number, t.null]),
  oomKilled: t.boolean,
  exitedAt: t.string,
  observed: t.keyof({ live: null, 'after-restart': null }),
})

/** A run whose end nobody saw: it has no exit code, and never gets one. */
const ContainerLost = t.strict({
  type: t.literal('ContainerLost'),
  container: ContainerId,
  run: t.number,
  because: t.keyof({ 'host-restarted': null, 'monitor-died': null }),
})

const ContainerRenameRequested = t.strict({
  type: t.literal('ContainerRenameRequested'),
  container: ContainerId,
  name: ContainerName,
})
const ContainerRenamed = t.strict({
  type: t.literal('ContainerRenamed'),
  container: ContainerId,
  name: ContainerName,
  previous: ContainerName,
})
const ContainerRenameFailed = t.strict({
  type: t.literal('ContainerRenameFailed'),
  container: ContainerId,
  name: ContainerName,
  failure: Failure,
})

/** An intent; `force`: it is to be killed first if it runs. */
const ContainerRemoveRequested = t.strict({
  type: t.literal('ContainerRemoveRequested'),
  container: ContainerId,
  force: t.boolean,
})
const ContainerRemoved = t.strict({ type: t.literal('ContainerRemoved'), container: ContainerId })

export const Event = t.union(
  [
    ContainerCreateRequested,
    ContainerCreated,
    ContainerCreateFailed,
    ContainerStartRequested,
    ContainerStarted,
    ContainerStartFailed,
    ContainerSignalRequested,
    ContainerSignalled,
    ContainerSignalFailed,
    ContainerStopRequested,
    ContainerStopTimedOut,
    ContainerPauseRequested,
    ContainerPaused,
    ContainerPauseFailed,
    ContainerUnpauseRequested,
    ContainerUnpaused,
    ContainerUnpauseFailed,
    ContainerExited,
    ContainerLost,
    ContainerRenameRequested,
    ContainerRenamed,
    ContainerRenameFailed,
    ContainerRemoveRequested,
    ContainerRemoved,
  ],
  'RuntimeEvent',
)
export type Event = t.TypeOf<typeof Event>

export type EventOf<Type extends Event['type']> = Extract<Event, { type: Type }>
