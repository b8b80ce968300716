import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { ContainerId } from '../../domain/kernel/identifiers.ts'
import { verdict } from '../../domain/supervisor/index.ts'
import type { Ended, Monitor } from '../../domain/supervisor/index.ts'
import { makeFifo } from '../host/node.ts'
import { startConmon } from './conmon.ts'
import type { Programs } from './conmon.ts'
import { openInput } from './input.ts'
import type { Inputs } from './input.ts'
import { launchFailure } from './launch-failure.ts'
import type { LaunchFailure } from './launch-failure.ts'
import { beginRun, readExit, readMark, readPid } from './run-files.ts'
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
  /** Takes away what the runtime keeps of a container whose process has ended (its state, its cgroups). */
  letGo: (container: ContainerId) => Promise<void>
}>

type Launch = Parameters<Monitor['launch']>[0]
type Launched = E.Either<LaunchFailure, Readonly<{ pid: number }>>
type Watch = Readonly<{ run: number; ended: Promise<Ended> }>

/** conmon, one for each container. */
export const openMonitor = ({
  programs,
  directoryOf,
  bootId,
  inputs,
  wasOutOfMemory,
  letGo,
}: MonitorSettings): Monitor => {
  const watches = new Map<ContainerId, Watch>()
  const lettingGo = new Map<ContainerId, Promise<void>>()

  const release = (container: ContainerId) => {
    const mine = letGo(container).finally(() => {
      if (lettingGo.get(container) === mine) lettingGo.delete(container)
    })
    lettingGo.set(container, mine)
    mine.catch(() => undefined)
    return mine
  }

  /** End of file has come, or there is nobody to wait for: what the files say now is final. */
  const concluded = (container: ContainerId, run: number, observed: 'live' | 'after-restart'): Ended => {
    const directory = directoryOf(container)
    const mark = readMark(directory)
    const isThisRun = mark?.run === run
    const end = verdict({
      exit: isThisRun ? readExit(directory) : null,
      oomKilled: wasOutOfMemory(container),
      hostRestarted: mark === null || mark.bootId !== bootId,
      observed,
    })
    inputs.forget(container)
    void release(container)
    return end
  }

  const watch = (container: ContainerId, run: number, sync: Sync, observed: 'live' | 'after-restart') => {
    const ended = sync.ended.then(() => concluded(container, run, observed))
    watches.set(container, { run, ended })
    return ended
  }

  /** After a restart of ours: is the monitor of that run still there, and if not, what did it leave? */
  const recover = (container: ContainerId, run: number): Promise<Ended> => {
    const directory = directoryOf(container)
    const fifo = join(directory, 'sync')
    if (readMark(directory)?.run === run && existsSync(fifo))
      return watch(container, run, listen(fifo), 'after-restart')
    const ended = Promise.resolve(concluded(container, run, 'after-restart'))
    watches.set(container, { run, ended })
    return ended
  }

  const begin = async ({ container, run, output, terminal, stdin }: Launch): Promise<Launched> => {
    await lettingGo.get(container)
    const directory = directoryOf(container)
    const fifo = join(directory, 'sync')
    beginRun(directory, { run, bootId })
    makeFifo(fifo, 0o600)
    const writer = openWriter(fifo)
    const sync = listen(fifo)
    if (stdin && !terminal) inputs.keep(container, openInput(join(directory, 'stdin')))
    const conmon = { id: container, directory, output, terminal, stdin, starts: 'container' } as const
    startConmon(programs, conmon, { sync: writer })

    const first = await sync.first
    if (first !== null && first.data > 0) {
      void watch(container, run, sync, 'live')
      return E.right({ pid: first.data })
    }
    await sync.ended
    inputs.forget(container)
    await release(container)
    return E.left(launchFailure(first?.message ?? 'the monitor ended before it had started anything'))
  }

  return {
    launch: work => async () => {
      try {
        const { container, run } = work
        const directory = directoryOf(container)
        const pid = readMark(directory)?.run === run ? readPid(directory) : null
        if (pid === null) return await begin(work)
        if (watches.get(container)?.run !== run) void recover(container, run)
        return E.right({ pid })
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException
        return E.left({ reason: 'unavailable', problem: code ?? 'monitor-unavailable', cause: message })
      }
    },

    ended: async ({ container, run }) => {
      const watch = watches.get(container)
      return watch?.run === run ? watch.ended : recover(container, run)
    },

    forget: container => async () => {
      try {
        watches.delete(container)
        inputs.forget(container)
        await (lettingGo.get(container) ?? letGo(container))
        rmSync(join(directoryOf(container), 'run.json'), { force: true })
        return E.right(undefined)
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException
        return E.left({ reason: 'unavailable', problem: code ?? 'runtime-state-busy', cause: message })
      }
    },
  }
}
