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
 * A container is started again and again; `run` numbers its starts.
 *
 * `launch` is an *ensure*: asked again for a run that was launched already (by us, or by the daemon before us), it
 * answers with that run's pid, also when it has ended since. A right therefore means "it was started, once". The bundle
 * is the container's directory under the state directory, with its rootfs mounted and the first size of its terminal
 * in config.json. A left means that nothing of it runs, and it may be launched again. Problems: `command-not-found`
 * (exit code 127), `command-not-executable` (126), `runtime-failed` (128), `monitor-unavailable`, or errno's name.
 *
 * `ended` answers when the process has ended and all that it wrote is in the output file. It may be asked by anybody at
 * any time: before the launch (it waits for it), after the end, after a restart of ours. What ran when the host
 * went down is lost, and so is what outlived its monitor (it is killed first): these have no exit code. Where
 * not even the container's directory is left, a reboot has emptied it: the run is lost, and is not launched any more.
 * Asked for a run whose launch failed, it is silent until `forget`.
 *
 * `forget` lets go of what is kept of all runs (runtime state, cgroups, FIFOs), and kills what is left of the last.
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
  ended: (work: Readonly<{ container: ContainerId; run: number }>) => Promise<Ended>
  forget: (container: ContainerId) => TaskEither<EffectFailure, void>
}>
