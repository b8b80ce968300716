import * as t from 'io-ts'
import { ConsoleSize } from '../kernel/container-options.ts'
import { Failure } from '../kernel/failure.ts'
import { ContainerId, ExecId, Namespace } from '../kernel/identifiers.ts'

// These shapes are stored for ever. Add events, or add an upcaster; never edit one.

/** An intent. `environment` has names only, unless `record-env` says otherwise: the values are kept until the process has started. */
const ExecStartRequested = t.strict({
  type: t.literal('ExecStartRequested'),
  exec: ExecId,
  container: ContainerId,
  namespace: Namespace,
  args: t.readonlyArray(t.string),
  environment: t.readonlyArray(t.string),
  user: t.union([t.string, t.null]),
  workingDir: t.union([t.string, t.null]),
  terminal: t.boolean,
  stdin: t.boolean,
  consoleSize: t.union([ConsoleSize, t.null]),
})

const ExecStarted = t.strict({
  type: t.literal('ExecStarted'),
  exec: ExecId,
  container: ContainerId,
  /** In the host's pid namespace. */
  pid: t.number,
})

const ExecStartFailed = t.strict({
  type: t.literal('ExecStartFailed'),
  exec: ExecId,
  container: ContainerId,
  exitCode: t.number,
  failure: Failure,
})

const ExecExited = t.strict({
  type: t.literal('ExecExited'),
  exec: ExecId,
  container: ContainerId,
  exitCode: t.number,
  signal: t.union([t.number, t.null]),
  exitedAt: t.string,
})

/** Nobody saw its end. */
const ExecLost = t.strict({
  type: t.literal('ExecLost'),
  exec: ExecId,
  container: ContainerId,
  because: t.keyof({ 'host-restarted': null, 'monitor-died': null, 'daemon-restarted': null }),
})

export const Event = t.union(
  [ExecStartRequested, ExecStarted, ExecStartFailed, ExecExited, ExecLost],
  'ExecutorEvent',
)
export type Event = t.TypeOf<typeof Event>

export type EventOf<Type extends Event['type']> = Extract<Event, { type: Type }>
