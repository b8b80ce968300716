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
import { makeFifo } from '../host/node.ts'
import { startConmon } from './conmon.ts'
import type { Programs } from './conmon.ts'
import { openInput } from './input.ts'
import type { Inputs } from './input.ts'
import { launchFailure } from './launch-failure.ts'
import { beginRun, readExit, readMark } from './run-files.ts'
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

/** How long the output of a process that has ended waits for somebody to read it. */
const KEPT_MS = 60_000

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
  const endings = new Map<ExecId, Promise<ExecEnded>>()

  const inDirectory = (container: ContainerId, exec: ExecId) => join(directoryOf(container), 'exec', exec)

  const concluded = (container: ContainerId, exec: ExecId): ExecEnded => {
    const directory = inDirectory(container, exec)
    const mark = readMark(directory)
    const end = verdict({
      exit: readExit(directory),
      oomKilled: false,
      hostRestarted: mark === null || mark.bootId !== bootId,
      observed: 'live',
    })
    inputs.forget(exec)
    const tidy = setTimeout(() => {
      endings.delete(exec)
      rmSync(directory, { recursive: true, force: true })
      rmSync(outputOf(container, exec), { force: true })
    }, KEPT_MS)
    tidy.unref()
    if (end.kind === 'lost') return end
    const { exitCode, signal, exitedAt } = end
    return { kind: 'exited', exitCode, signal, exitedAt }
  }

  const watch = (container: ContainerId, exec: ExecId, sync: Sync) => {
    const ended = sync.ended.then(() => concluded(container, exec))
    endings.set(exec, ended)
    return ended
  }

  const begin = async (work: Start): ReturnType<ReturnType<Processes['start']>> => {
    const { container, exec, terminal, stdin } = work
    const directory = inDirectory(container, exec)
    const described = describe(directoryOf(container), { ...work, environment: environments.get(exec) ?? [] })
    environments.delete(exec)
    if (E.isLeft(described)) return described

    mkdirSync(directory, { recursive: true, mode: 0o700 })
    beginRun(directory, { run: 1, bootId })
    const process = join(directory, 'process.json')
    writeFileSync(process, described.right, { mode: 0o600 })
    const output = outputOf(container, exec)
    // Whoever reads it may be there before conmon is.
    writeFileSync(output, '', { mode: 0o600 })
    const fifo = join(directory, 'sync')
    makeFifo(fifo, 0o600)
    const writer = openWriter(fifo)
    const sync = listen(fifo)
    if (stdin && !terminal) inputs.keep(exec, openInput(join(directory, 'stdin')))
    const conmon = { id: container, directory, output, terminal, stdin, starts: 'process' } as const
    if (terminal) await startHeldBack(programs, conmon, writer)
    else startConmon(programs, conmon, { sync: writer })

    const first = await sync.first
    // The values of its environment are in the process by now.
    rmSync(process, { force: true })
    if (first !== null && first.data > 0) {
      void watch(container, exec, sync)
      return E.right({ pid: first.data })
    }
    await sync.ended
    inputs.forget(exec)
    rmSync(directory, { recursive: true, force: true })
    rmSync(output, { force: true })
    return E.left(launchFailure(first?.message ?? 'the monitor ended before it had started anything'))
  }

  return {
    keepEnvironment: (exec, entries) => void environments.set(exec, entries),

    start: work => async () => {
      try {
        return await begin(work)
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException
        return E.left({ reason: 'refused', problem: code ?? 'monitor-unavailable', cause: message })
      }
    },

    ended: async ({ exec, container }) => {
      const known = endings.get(exec)
      if (known !== undefined) return known
      const fifo = join(inDirectory(container, exec), 'sync')
      if (existsSync(fifo)) return watch(container, exec, listen(fifo))
      return concluded(container, exec)
    },
  }
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
      start: openSync(paths[0], constants.O_RDWR),
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
