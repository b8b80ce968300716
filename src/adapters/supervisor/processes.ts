import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { ExecEnded, Processes } from '../../domain/executor/index.ts'
import type { ContainerId, ExecId } from '../../domain/kernel/identifiers.ts'
import type { EffectFailure } from '../../domain/kernel/problem.ts'
import { verdict } from '../../domain/supervisor/index.ts'
import { failpoint } from '../host/failpoint.ts'
import { makeFifo } from '../host/node.ts'
import { startConmon } from './conmon.ts'
import type { Programs } from './conmon.ts'
import { LAUNCH_MS, firstWord } from './first-word.ts'
import { openInput } from './input.ts'
import type { Inputs } from './input.ts'
import { launchFailure } from './launch-failure.ts'
import type { LaunchFailure } from './launch-failure.ts'
import { beginRun, readExit, readMark, readPid } from './run-files.ts'
import { listen, openWriter } from './sync-fifo.ts'
import type { Sync } from './sync-fifo.ts'

type Start = Parameters<Processes['start']>[0]

export type ProcessesSettings = Readonly<{
  programs: Programs
  directoryOf: (container: ContainerId) => string
  /** Where a process's output is written until somebody has read it. */
  outputOf: (container: ContainerId, exec: ExecId) => string
  /** The OCI `process` as JSON, from the container's own and what was asked. */
  describe: (
    bundle: string,
    asked: Start & Readonly<{ environment: ReadonlyArray<string> }>,
  ) => E.Either<EffectFailure, string>
  bootId: string
  inputs: Inputs
}>

/** How long what a process has left waits for somebody to read it. */
const KEPT_MS = 60_000

type Started = E.Either<LaunchFailure, Readonly<{ pid: number }>>

/** One process, from the first that anybody wanted to know of it. */
type Watch = {
  readonly exec: ExecId
  readonly container: ContainerId
  readonly directory: string
  starting: Promise<Started> | null
  sync: Sync | null
  isOver: boolean
  readonly ended: PromiseWithResolvers<ExecEnded>
}

/** Further processes in containers: each has a conmon of its own, as containers have. */
export const openProcesses = ({
  programs,
  directoryOf,
  outputOf,
  describe,
  bootId,
  inputs,
}: ProcessesSettings): Processes => {
  const environments = new Map<ExecId, ReadonlyArray<string>>()
  const watches = new Map<ExecId, Watch>()

  const watchOf = (container: ContainerId, exec: ExecId): Watch => {
    const known = watches.get(exec)
    if (known !== undefined) return known
    const directory = join(directoryOf(container), 'exec', exec)
    const ended = Promise.withResolvers<ExecEnded>()
    const watch = { exec, container, directory, starting: null, sync: null, isOver: false, ended }
    watches.set(exec, watch)
    return watch
  }

  const over = ({ exec, container, directory, ended }: Watch, end: ExecEnded) => {
    inputs.forget(exec)
    ended.resolve(end)
    const tidy = () => {
      watches.delete(exec)
      remove(directory, outputOf(container, exec))
    }
    setTimeout(tidy, KEPT_MS).unref()
  }

  const conclude = (watch: Watch) => {
    watch.isOver = true
    const end = verdict({
      exit: readExit(watch.directory),
      oomKilled: false,
      hostRestarted: readMark(watch.directory)?.bootId !== bootId,
      observed: 'live',
    })
    if (end.kind === 'lost') return over(watch, end)
    const { exitCode, signal, exitedAt } = end
    over(watch, { kind: 'exited', exitCode, signal, exitedAt })
  }

  const follow = (watch: Watch, sync: Sync) => {
    watch.sync = sync
    void sync.ended.then(async () => {
      const pid = readPid(watch.directory) ?? (await sync.first)?.data ?? 0
      if (pid > 0) conclude(watch)
      else watch.sync = null
    })
  }

  /** What a daemon before us started: is its monitor still there, and if not, what was written down? */
  const recover = (watch: Watch) => {
    const { container, directory } = watch
    const mark = readMark(directory)
    if (mark === null) {
      watch.isOver = true
      const because = existsSync(directoryOf(container)) ? 'daemon-restarted' : 'host-restarted'
      return over(watch, { kind: 'lost', because })
    }
    const isOfThisBoot = mark.bootId === bootId
    const fifo = join(directory, 'sync')
    const sync = isOfThisBoot && existsSync(fifo) ? listen(fifo) : null
    if (sync?.isAlive === true) return follow(watch, sync)
    if (!isOfThisBoot || readExit(directory) !== null || readPid(directory) !== null) conclude(watch)
  }

  const isUnknown = ({ starting, sync, isOver }: Watch) => starting === null && sync === null && !isOver

  /** Null: it was not started, or nothing came of it. */
  const startedBefore = async ({ directory, sync }: Watch): Promise<Started | null> => {
    const pid = readPid(directory) ?? (await sync?.first)?.data ?? 0
    if (pid > 0) return E.right({ pid })
    await sync?.ended
    return null
  }

  const begin = async (work: Start, watch: Watch): Promise<Started> => {
    const { container, exec, terminal, stdin } = work
    const { directory } = watch
    const output = outputOf(container, exec)
    remove(directory, output)
    const described = describe(directoryOf(container), { ...work, environment: environments.get(exec) ?? [] })
    environments.delete(exec)
    if (E.isLeft(described)) return described

    mkdirSync(directory, { recursive: true, mode: 0o700 })
    beginRun(directory, { run: 1, bootId })
    const process = join(directory, 'process.json')
    writeFileSync(process, described.right, { mode: 0o600 })
    // Whoever reads it may be there before conmon is.
    writeFileSync(output, '', { mode: 0o600 })
    const fifo = join(directory, 'sync')
    makeFifo(fifo, 0o600)
    const writer = openWriter(fifo)
    const sync = listen(fifo)
    follow(watch, sync)
    if (stdin && !terminal) inputs.keep(exec, openInput(join(directory, 'stdin')))
    failpoint('exec monitor ready')
    const conmon = { id: container, directory, output, terminal, stdin, starts: 'process' } as const
    if (terminal) await startHeldBack(programs, conmon, writer)
    else startConmon(programs, conmon, { sync: writer })

    failpoint('exec monitor started')
    const first = await firstWord(sync, directory, LAUNCH_MS)
    failpoint('exec monitor told')
    // The values of its environment are in the process by now.
    rmSync(process, { force: true })
    if (first !== null && first.data > 0) return E.right({ pid: first.data })
    await sync.ended
    remove(directory, output)
    return E.left(launchFailure(first?.message ?? 'the monitor ended before it had started anything'))
  }

  const start = async (work: Start, watch: Watch): Promise<Started> => {
    try {
      // Whether a daemon before us has started it is known only to what it left.
      if (isUnknown(watch) && readMark(watch.directory) !== null) recover(watch)
      return (await startedBefore(watch)) ?? (await begin(work, watch))
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      return E.left({ reason: 'refused', problem: code ?? 'monitor-unavailable', cause: message })
    }
  }

  return {
    keepEnvironment: (exec, entries) => void environments.set(exec, entries),

    start: work => async () => {
      const watch = watchOf(work.container, work.exec)
      watch.starting ??= start(work, watch)
      const started = await watch.starting
      if (E.isLeft(started) && watches.get(work.exec) === watch) {
        watches.delete(work.exec)
        inputs.forget(work.exec)
        // Who waits for the end of its output need not wait any longer.
        watch.ended.resolve({ kind: 'lost', because: 'monitor-died' })
      }
      return started
    },

    ended: ({ exec, container }) => {
      const watch = watchOf(container, exec)
      if (isUnknown(watch)) recover(watch)
      return watch.ended.promise
    },
  }
}

const remove = (directory: string, output: string) => {
  rmSync(directory, { recursive: true, force: true })
  rmSync(output, { force: true })
}

/**
 * A process with a terminal is attached to: conmon waits at its start pipe, says at the attach pipe when its socket is
 * there, and goes on at a second byte. FIFOs do as pipes.
 */
const startHeldBack = async (programs: Programs, conmon: Parameters<typeof startConmon>[1], sync: number) => {
  const paths = ['start', 'attached'].map(name => join(conmon.directory, name)) as [string, string]
  for (const path of paths) makeFifo(path, 0o600)
  const start = openSync(paths[0], constants.O_RDWR)
  const reader = openSync(paths[1], constants.O_RDONLY | constants.O_NONBLOCK)
  const socket = new Socket({ fd: reader, readable: true, writable: false })
  const attached = new Promise<void>(resolve => {
    socket.once('data', () => resolve())
    socket.once('close', () => resolve())
  })
  try {
    startConmon(programs, conmon, {
      sync,
      // It cannot hold itself back: when we are gone, it goes on.
      start: openSync(paths[0], constants.O_RDONLY),
      attach: openSync(paths[1], constants.O_RDWR),
    })
    writeSync(start, 'x')
    await attached
    writeSync(start, 'x')
  } finally {
    socket.destroy()
    closeSync(start)
  }
}
