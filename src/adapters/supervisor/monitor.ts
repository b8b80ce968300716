import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { ContainerId } from '../../domain/kernel/identifiers.ts'
import type { EffectFailure } from '../../domain/kernel/problem.ts'
import { verdict } from '../../domain/supervisor/index.ts'
import type { Ended, Monitor } from '../../domain/supervisor/index.ts'
import { failpoint } from '../host/failpoint.ts'
import { makeFifo } from '../host/node.ts'
import { startConmon } from './conmon.ts'
import type { Programs } from './conmon.ts'
import { LAUNCH_MS, firstWord } from './first-word.ts'
import { openInput } from './input.ts'
import type { Inputs } from './input.ts'
import { launchFailure } from './launch-failure.ts'
import type { LaunchFailure } from './launch-failure.ts'
import { beginRun, clearRun, hadOomKill, keepOomKill, readExit, readMark, readPid } from './run-files.ts'
import { listen, openWriter } from './sync-fifo.ts'
import type { Sync } from './sync-fifo.ts'

export type MonitorSettings = Readonly<{
  programs: Programs
  /** A container's directory: the bundle, and the monitor's files beside it. */
  directoryOf: (container: ContainerId) => string
  /** The boot of the host (/proc/sys/kernel/random/boot_id). */
  bootId: string
  inputs: Inputs
  /** Whether the kernel killed a process of it for want of memory: asked when it has ended, before it is let go of. */
  wasOutOfMemory: (container: ContainerId) => boolean
  /** Takes away what the runtime keeps of a container (its state, its cgroups), and kills what is left of it. */
  letGo: (container: ContainerId) => Promise<void>
  /**
   * Inputs stay open when we go and are still open when we come back. The price: a process never reads end of file,
   * because its monitor has its input open, too.
   */
  keepInputOpen?: boolean
  /** How long the runtime may take to start a container. */
  patienceMs?: number
}>

type Launch = Parameters<Monitor['launch']>[0]
type Launched = E.Either<LaunchFailure, Readonly<{ pid: number }>>
type Observed = 'live' | 'after-restart'

/** One run, from the first that anybody wanted to know of it. */
type Watch = {
  readonly container: ContainerId
  readonly run: number
  launching: Promise<Launched> | null
  /** Its monitor, once it is listened to. */
  sync: Sync | null
  isOver: boolean
  readonly ended: PromiseWithResolvers<Ended>
}

/** conmon, one for each container. Nothing is read or started before somebody asks. */
export const openMonitor = ({
  programs,
  directoryOf,
  bootId,
  inputs,
  wasOutOfMemory,
  letGo,
  keepInputOpen = false,
  patienceMs = LAUNCH_MS,
}: MonitorSettings): Monitor => {
  const watches = new Map<ContainerId, Map<number, Watch>>()
  const lettingGo = new Map<ContainerId, Promise<void>>()

  const watchOf = (container: ContainerId, run: number): Watch => {
    const runs = watches.get(container) ?? new Map<number, Watch>()
    watches.set(container, runs)
    const known = runs.get(run)
    if (known !== undefined) return known
    const ended = Promise.withResolvers<Ended>()
    const watch: Watch = { container, run, launching: null, sync: null, isOver: false, ended }
    runs.set(run, watch)
    return watch
  }

  const release = (container: ContainerId) => {
    const mine = letGo(container).finally(() => {
      if (lettingGo.get(container) === mine) lettingGo.delete(container)
    })
    lettingGo.set(container, mine)
    mine.catch(() => undefined)
    return mine
  }

  /** End of file has come, or there is nobody to wait for: what the files say now is final. */
  const conclude = async (watch: Watch, observed: Observed) => {
    const { container, ended } = watch
    const directory = directoryOf(container)
    const end = verdict({
      exit: readExit(directory),
      oomKilled: hadOomKill(directory) || wasOutOfMemory(container),
      hostRestarted: readMark(directory)?.bootId !== bootId,
      observed,
    })
    watch.isOver = true
    inputs.forget(container)
    if (end.kind === 'exited') {
      // The kernel's counter goes with the cgroup, and a daemon after us may still have to tell.
      if (end.oomKilled) keepOomKill(directory)
      ended.resolve(end)
      void release(container)
    } else {
      // What outlived its monitor would run on without anybody ever seeing its end.
      await release(container).catch(() => undefined)
      ended.resolve(end)
    }
  }

  const isStarted = async (directory: string, sync: Sync) =>
    readPid(directory) !== null || ((await sync.first)?.data ?? 0) > 0

  const follow = (watch: Watch, sync: Sync, observed: Observed) => {
    watch.sync = sync
    void sync.ended.then(async () => {
      if (watch.isOver) return
      // Of what was never started there is no end to tell: whoever launches it is told, and may launch it again.
      if (await isStarted(directoryOf(watch.container), sync)) return conclude(watch, observed)
      watch.sync = null
    })
  }

  /** What a daemon before us left: is the monitor of that run still there, and if not, what was written down? */
  const recover = (watch: Watch): void => {
    const { container, run } = watch
    const directory = directoryOf(container)
    // The container's directory is on a tmpfs, and it takes a reboot to empty that.
    if (!existsSync(directory)) return lose(watch, 'host-restarted')
    const mark = readMark(directory)
    if (mark === null || mark.run < run) return
    if (mark.run > run) return lose(watch, 'monitor-died')

    const isOfThisBoot = mark.bootId === bootId
    const fifo = join(directory, 'sync')
    const sync = isOfThisBoot && existsSync(fifo) ? listen(fifo) : null
    if (sync?.isAlive === true) return follow(watch, sync, 'live')
    const isTold = readExit(directory) !== null || readPid(directory) !== null
    if (isTold || !isOfThisBoot) void conclude(watch, 'after-restart')
  }

  const lose = (watch: Watch, because: 'host-restarted' | 'monitor-died') => {
    watch.isOver = true
    watch.ended.resolve({ kind: 'lost', because })
  }

  const isUnknown = ({ sync, launching, isOver }: Watch) => sync === null && launching === null && !isOver

  /** Null: it was not launched, or nothing came of it. */
  const launchedBefore = async ({ container, run, sync, isOver }: Watch): Promise<Launched | null> => {
    const directory = directoryOf(container)
    if (readMark(directory)?.run === run) {
      const pid = readPid(directory) ?? (await sync?.first)?.data ?? 0
      if (pid > 0) return E.right({ pid })
      await sync?.ended
    }
    // Somebody was told how it ended. That it runs after all would be news that nobody waits for any more.
    return isOver ? E.left(failed(`run ${run} of container ${container} is over`)) : null
  }

  const begin = async (
    { container, run, output, terminal, stdin }: Launch,
    watch: Watch,
  ): Promise<Launched> => {
    const directory = directoryOf(container)
    await lettingGo.get(container)
    if (readMark(directory) !== null) {
      await release(container)
      clearRun(directory)
    }
    for (const before of watches.get(container)?.keys() ?? [])
      if (before < run - 1) watches.get(container)?.delete(before)

    beginRun(directory, { run, bootId })
    const fifo = join(directory, 'sync')
    makeFifo(fifo, 0o600)
    const writer = openWriter(fifo)
    const sync = listen(fifo)
    const input = stdin && !terminal ? openInput(join(directory, 'stdin')) : null
    if (input !== null) inputs.keep(container, input)
    const kept = keepInputOpen ? (input?.held() ?? null) : null
    failpoint('monitor ready')
    startConmon(
      programs,
      { id: container, directory, output, terminal, stdin, starts: 'container' },
      { sync: writer, ...(kept === null ? {} : { input: kept }) },
    )
    failpoint('monitor started')
    follow(watch, sync, 'live')

    const first = await firstWord(sync, directory, patienceMs)
    failpoint('monitor told')
    if (first !== null && first.data > 0) return E.right({ pid: first.data })
    await sync.ended
    inputs.forget(container)
    await release(container)
    clearRun(directory)
    return E.left(launchFailure(first?.message ?? 'the monitor ended before it had started anything'))
  }

  const start = async (work: Launch, watch: Watch): Promise<Launched> => {
    try {
      if (work.output.includes(':'))
        return E.left(failed(`${work.output}: conmon cannot write to a path with a colon in it`))
      return (await launchedBefore(watch)) ?? (await begin(work, watch))
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      return E.left({ reason: 'unavailable', problem: code ?? 'monitor-unavailable', cause: message })
    }
  }

  return {
    launch: work => async () => {
      const watch = watchOf(work.container, work.run)
      if (isUnknown(watch)) recover(watch)
      watch.launching ??= start(work, watch)
      const launched = await watch.launching
      if (E.isLeft(launched)) watch.launching = null
      return launched
    },

    ended: ({ container, run }) => {
      const watch = watchOf(container, run)
      if (isUnknown(watch)) recover(watch)
      return watch.ended.promise
    },

    forget: container => async () => {
      try {
        for (const watch of watches.get(container)?.values() ?? []) {
          lose(watch, 'monitor-died')
          watch.sync?.close()
        }
        watches.delete(container)
        inputs.forget(container)
        await lettingGo.get(container)
        await letGo(container)
        failpoint('runtime state let go')
        clearRun(directoryOf(container))
        return E.right(undefined)
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException
        return E.left<EffectFailure>({
          reason: 'unavailable',
          problem: code ?? 'runtime-state-busy',
          cause: message,
        })
      }
    },
  }
}

const failed = (cause: string): LaunchFailure => ({
  reason: 'refused',
  problem: 'runtime-failed',
  cause,
  exitCode: 128,
})
