import type { Failure } from '../kernel/failure.ts'
import type { ContainerId, ContainerName, Digest } from '../kernel/identifiers.ts'
import type { EventOf } from './events.ts'

// What may be asked of us. The faces decode bodies with codecs of their own and build these …

export type Ask =
  | (Readonly<{ type: 'CreateContainer' }> & Omit<EventOf<'ContainerCreateRequested'>, 'type'>)
  | Readonly<{ type: 'StartContainer'; container: ContainerId }>
  /** `timeout` in seconds, null: wait for ever. */
  | Readonly<{ type: 'StopContainer'; container: ContainerId; signal: number; timeout: number | null }>
  | Readonly<{ type: 'RestartContainer'; container: ContainerId; signal: number; timeout: number | null }>
  | Readonly<{ type: 'SignalContainer'; container: ContainerId; signal: number }>
  | Readonly<{ type: 'PauseContainer'; container: ContainerId }>
  | Readonly<{ type: 'UnpauseContainer'; container: ContainerId }>
  | Readonly<{ type: 'RenameContainer'; container: ContainerId; name: ContainerName }>
  | Readonly<{ type: 'RemoveContainer'; container: ContainerId; force: boolean }>

// … what our own reactor reports back, and what the processes tell us (never from outside).

export type Outcome =
  | Readonly<{ type: 'RecordContainerStarted'; container: ContainerId; run: number; pid: number }>
  | Readonly<{
      type: 'RecordContainerStartFailed'
      container: ContainerId
      run: number
      exitCode: number
      failure: Failure
    }>
  | Readonly<{ type: 'RecordContainerSignalled'; container: ContainerId; request: number; signal: number }>
  | Readonly<{
      type: 'RecordContainerSignalFailed'
      container: ContainerId
      request: number
      signal: number
      failure: Failure
    }>
  | Readonly<{ type: 'RecordContainerStopTimedOut'; container: ContainerId }>
  | Readonly<{ type: 'RecordContainerPaused'; container: ContainerId }>
  | Readonly<{ type: 'RecordContainerPauseFailed'; container: ContainerId; failure: Failure }>
  | Readonly<{ type: 'RecordContainerUnpaused'; container: ContainerId }>
  | Readonly<{ type: 'RecordContainerUnpauseFailed'; container: ContainerId; failure: Failure }>
  | (Readonly<{ type: 'RecordContainerExited' }> & Omit<EventOf<'ContainerExited'>, 'type'>)
  | (Readonly<{ type: 'RecordContainerLost' }> & Omit<EventOf<'ContainerLost'>, 'type'>)

export type Told =
  | Readonly<{
      type: 'RecordContainerCreated'
      container: ContainerId
      bundle: string
      configDigest: Digest
    }>
  | Readonly<{ type: 'RecordContainerCreateFailed'; container: ContainerId; failure: Failure }>
  | Readonly<{ type: 'RecordContainerRenamed'; container: ContainerId; name: ContainerName }>
  | Readonly<{
      type: 'RecordContainerRenameFailed'
      container: ContainerId
      name: ContainerName
      failure: Failure
    }>
  | Readonly<{ type: 'RecordContainerRemoved'; container: ContainerId }>

export type Command = Ask | Outcome | Told
export type CommandOf<Type extends Command['type']> = Extract<Command, { type: Type }>

// Why it may be refused.

export type Rejection = Readonly<{
  reason:
    | 'container-id-taken'
    | 'container-not-found'
    | 'container-not-running'
    | 'container-running'
    | 'container-paused'
    | 'container-not-paused'
    | 'container-busy'
    | 'container-being-removed'
  container: ContainerId
}>
