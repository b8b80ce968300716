import type { Actor } from '../../domain/kernel/context.ts'
import type { Descriptor } from '../../domain/kernel/descriptor.ts'

// What the daemon answers (`/v1/openapi.json`), as far as it is read here. Times are RFC 3339, sizes bytes.

export type { Actor }

export type ContainerStatus =
  | 'creating'
  | 'created'
  | 'starting'
  | 'running'
  | 'paused'
  | 'exited'
  | 'lost'
  | 'start-failed'
  | 'create-failed'
  | 'removing'
  | 'removed'

export type Exit = Readonly<{
  exitCode: number
  signal: number | string | null
  oomKilled: boolean
  exitedAt: string
}>

export type Container = Readonly<{
  id: string
  name: string
  namespace: string
  image: Readonly<{ name: string; manifest: string; config: string }>
  command: ReadonlyArray<string>
  status: ContainerStatus
  pid: number | null
  run: number
  exit: Exit | null
  lost: string | null
  failure: Readonly<{ problem: string; cause: string; exitCode?: number | null }> | null
  createdAt: string
  startedAt: string | null
  endedAt: string | null
  removedAt: string | null
  labels: Readonly<Record<string, string>>
  options: Readonly<Record<string, unknown>>
  autoRemove: boolean
  actor: Actor
  removedBy: Actor | null
  position: number
}>

export type Image = Readonly<{
  name: string
  familiar: string
  namespace: string
  id: string
  manifest: Descriptor
  index: Descriptor | null
  config: Descriptor
  layers: ReadonlyArray<Readonly<{ blob: Descriptor | string; diffId: string; chainId: string }>>
  size: number
  unpackedSize: number | null
  platform: Readonly<{ os: string; architecture: string; variant?: string | null }>
  created: string | null
  image: Readonly<Record<string, unknown>>
  history: ReadonlyArray<
    Readonly<{
      created?: string
      createdBy?: string
      created_by?: string
      comment?: string
      emptyLayer?: boolean
      empty_layer?: boolean
    }>
  >
  namedAt: string
  position: number
}>

export type RecordedEvent = Readonly<{
  position: number
  id: string
  stream: string
  revision: number
  type: string
  data: Readonly<Record<string, unknown>>
  recordedAt: string
  occurredAt: string
  correlation: string
  causation: string | null
  command: string
  actor: Actor
  node: string
  bootId: string
}>

export type Operation = Readonly<{
  id: string
  command: string
  status: 'running' | 'succeeded' | 'failed'
  subject: Readonly<{ kind: 'container' | 'image' | 'pull' | 'exec'; id: string; name?: string }>
  outcome: Readonly<Record<string, unknown>> | null
  failure?: Readonly<{ problem: string; cause: string }> | null
  /** What to do about it, where there is something. */
  try?: string | null
  /** Of a process that could not be started, or of a container that the engine could not make. */
  exitCode?: number | null
  events: ReadonlyArray<RecordedEvent>
  position: number
}>

/** How a run ended; `lost`: nobody saw it, so there is no code. */
export type End = Readonly<{
  exitCode: number | null
  signal?: number | string | null
  oomKilled?: boolean
  exitedAt?: string
  lost: string | null
}>

export type List<Item> = Readonly<{ position: number; items: ReadonlyArray<Item> }>

export type Page<Item> = List<Item> & Readonly<{ next: number | null }>

export type Explanation = Readonly<{
  position: number
  sentence: string
  /** How many events of earlier runs there are, that are not in the chain. */
  earlier?: number
  chain: ReadonlyArray<Readonly<{ event: RecordedEvent; explanation: string; afterMs: number | null }>>
}>

export type Version = Readonly<{
  version: string
  node: string
  apiVersion: string
  log: string
  nodeName: string
  bootId: string
  pid: number
}>
