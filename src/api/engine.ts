import type { RecordEnv } from '../domain/bundle/environment.ts'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Observable } from 'rxjs'
import type * as Distribution from '../domain/distribution/index.ts'
import type { DomainEvent } from '../domain/events/catalogue.ts'
import type { Streams } from '../domain/events/streams.ts'
import type * as Executor from '../domain/executor/index.ts'
import type { ConsoleSize } from '../domain/kernel/container-options.ts'
import type { Handle } from '../domain/kernel/handle.ts'
import type { ContainerId, ExecId } from '../domain/kernel/identifiers.ts'
import type { EffectFailure } from '../domain/kernel/problem.ts'
import type { EventStore, Position, Recorded } from '../domain/kernel/store.ts'
import type { Image } from '../domain/metadata/index.ts'
import type * as Runtime from '../domain/runtime/index.ts'
import type { ExecView } from '../projections/executor/execs.ts'
import type { ProjectionReplay } from '../projections/replayed.ts'
import type { ContainerView } from '../projections/runtime/containers.ts'
import type { Queries } from '../projections/queries.ts'

/** What a process wrote: bytes as they came, on which stream, and when (RFC 3339). */
export type Output = Readonly<{ stream: 'stdout' | 'stderr'; at: string | null; bytes: Uint8Array }>

export type OutputQuery = Readonly<{
  follow: boolean
  since: Date | null
  until: Date | null
  /** The last so many lines; null: all. */
  tail: number | null
  /** Resolves when the history tells that nothing more will come: a run that could not be started has no other end. */
  over: Promise<unknown>
  signal: AbortSignal
}>

/** Somebody's standard input. `write` answers false when nobody will read it. */
export type Input = Readonly<{
  write: (bytes: Uint8Array) => Promise<boolean>
  end: () => void
  leave: () => void
}>

/** Bytes of a blob that came or were unpacked so far: live, not history. */
export type ProgressReport = Readonly<{
  digest: string
  phase: 'fetching' | 'unpacking'
  bytes: number
  total: number | null
}>

export type Credential =
  | Readonly<{ username: string; password: string }>
  | Readonly<{ identitytoken: string }>

export type Peer = Readonly<{ uid: number; gid: number; pid: number; user: string | null }>

/** A setting, what it is, and where that was said. */
export type Setting = Readonly<{ name: string; value: unknown; source: string }>

/** All that the API is handed: what may be asked, what is known, and the streams of what runs. */
export type Engine = Readonly<{
  pull: Handle<Distribution.Ask, Distribution.State, Distribution.Event, Distribution.Rejection>
  image: Handle<Image.Ask, Image.State, Image.Event, Image.Rejection>
  container: Handle<Runtime.Ask, Runtime.State, Runtime.Event, Runtime.Rejection>
  exec: Handle<Executor.Ask, Executor.State, Executor.Event, Executor.Rejection>
  streams: Streams
  log: EventStore<DomainEvent>
  /** Every event as soon as it is recorded. */
  told: Observable<Recorded<DomainEvent>>
  queries: Queries
  /** The position that the read models have reached. */
  asOf: () => Position
  /** Waits until the read models have seen a position; false when that takes too long. */
  waitFor: (position: Position, timeoutMs: number) => Promise<boolean>

  /** What is recorded of environments, whose values are kept in any case. */
  recordEnv: RecordEnv
  keepEnvironment: (
    container: ContainerId,
    entries: ReadonlyArray<string>,
  ) => Promise<Either<EffectFailure, void>>
  keepExecEnvironment: (exec: ExecId, entries: ReadonlyArray<string>) => void
  /** Kept in memory for one pull, and shown to that registry only. */
  keepCredential: (operation: string, registry: string, credential: Credential) => void

  output: (container: ContainerView, query: OutputQuery) => AsyncIterable<Output> | null
  input: (container: ContainerView) => Either<EffectFailure, Input>
  resize: (container: ContainerId, size: ConsoleSize) => void
  execOutput: (exec: ExecView, signal: AbortSignal) => AsyncIterable<Output> | null
  execInput: (exec: ExecView) => Either<EffectFailure, Input>
  resizeExec: (exec: ExecView, size: ConsoleSize) => void

  /** Makes read models again from the log and compares them with those in use; null: all of them, or up to now. */
  replay: (projection: string | null, to: Position | null) => Promise<ReadonlyArray<ProjectionReplay>>

  /** Makes a read model again while the one in use goes on, and puts it in its place. Answers where it begins. */
  rebuild: (projection: string) => Promise<Position>
  /** How far a read model has read; null where it stopped. */
  positionOf: (projection: string) => Position | null
  /** Read models that stopped, with the reason. */
  stopped: () => ReadonlyMap<string, Error>

  /** A directory of ours that has no room for more than the ends of what is there; null: there is room. */
  outOfRoom: () => string | null

  progress: Observable<ProgressReport>
  peerOf: (socket: unknown) => Peer | null
  randomId: () => string
  clock: () => Date
  about: Readonly<{
    version: string
    node: string
    nodeName: string
    bootId: string
    log: string
    pid: number
  }>
  info: () => Readonly<Record<string, unknown>>
  settings: ReadonlyArray<Setting>
}>
