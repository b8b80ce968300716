import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { ConsoleSize } from '../kernel/container-options.ts'
import type { ContainerId } from '../kernel/identifiers.ts'
import type { EffectFailure } from '../kernel/problem.ts'

/** How a container's process ended, as far as anybody saw it. Times are RFC 3339. */
export type Ended =
  | Readonly<{
      kind: 'exited'
      exitCode: number
      signal: number | null
      oomKilled: boolean
      exitedAt: string
      /** `after-restart`: nobody of ours was there when it happened. */
      observed: 'live' | 'after-restart'
    }>
  | Readonly<{ kind: 'lost'; because: 'host-restarted' | 'monitor-died' }>

/**
 * Watches containers. One small monitor process per container outlives us and writes the end down, so that no exit is
 * ever lost while nobody of ours was there.
 *
 * `launch` is an *ensure*, by container and run: asked again for a run that was launched already, it answers with
 * that run's pid, also when it has ended since (`ended` then tells how). The bundle is the container's directory under
 * the state directory, with its rootfs mounted. Problems: `command-not-found` (exit code
 * 127), `command-not-executable` (126), `runtime-failed` (128), `runtime-missing`, `monitor-missing`.
 */
export type Monitor = Readonly<{
  launch: (
    work: Readonly<{
      container: ContainerId
      run: number
      /** The file its output is appended to. */
      output: string
      terminal: boolean
      stdin: boolean
      consoleSize: ConsoleSize | null
    }>,
  ) => TaskEither<EffectFailure & Readonly<{ exitCode?: number }>, Readonly<{ pid: number }>>
  /** Resolves when that run has ended, at once if it has already; the answer is the same however often it is asked. */
  ended: (work: Readonly<{ container: ContainerId; run: number }>) => Promise<Ended>
  /** Lets go of what is kept of a container's runs (runtime state, cgroups, FIFOs). */
  forget: (container: ContainerId) => TaskEither<EffectFailure, void>
}>
