import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { ConsoleSize } from '../kernel/container-options.ts'
import type { ContainerId, ExecId } from '../kernel/identifiers.ts'
import type { EffectFailure } from '../kernel/problem.ts'

/**
 * The OCI runtime, for containers that run. `not-running` is the problem where one does not (any more).
 *
 * All are *ensures*: pausing what is paused is a right. A signal waits in a paused container until that goes on, except
 * for SIGKILL, which lets it go on to its end.
 */
export type OciRuntime = Readonly<{
  /** To the container's own process. */
  signal: (container: ContainerId, signal: number) => TaskEither<EffectFailure, void>
  /** SIGKILL to every process of it, paused or not. */
  kill: (container: ContainerId) => TaskEither<EffectFailure, void>
  pause: (container: ContainerId) => TaskEither<EffectFailure, void>
  unpause: (container: ContainerId) => TaskEither<EffectFailure, void>
}>

export type ExecEnded =
  | Readonly<{ kind: 'exited'; exitCode: number; signal: number | null; exitedAt: string }>
  | Readonly<{ kind: 'lost'; because: 'host-restarted' | 'monitor-died' | 'daemon-restarted' }>

/**
 * Further processes in running containers. Problems and exit codes are those of `Monitor.launch`, and `not-running`.
 *
 * `start` is an *ensure* by exec, also across restarts of ours. `ended` answers the same to whoever asks whenever, for
 * at least a minute after the end; of what is then asked for nothing is left, and it is lost (`daemon-restarted`).
 * Unlike a container, a process that outlives its monitor is left running: it ends with its container.
 */
export type Processes = Readonly<{
  /** Values of the environment, kept until the process has started; the log has the names. */
  keepEnvironment: (exec: ExecId, entries: ReadonlyArray<string>) => void
  start: (
    work: Readonly<{
      exec: ExecId
      container: ContainerId
      args: ReadonlyArray<string>
      user: string | null
      workingDir: string | null
      terminal: boolean
      stdin: boolean
      consoleSize: ConsoleSize | null
    }>,
  ) => TaskEither<EffectFailure & Readonly<{ exitCode?: number }>, Readonly<{ pid: number }>>
  ended: (work: Readonly<{ exec: ExecId; container: ContainerId }>) => Promise<ExecEnded>
}>
