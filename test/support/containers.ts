import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { oomKills } from '../../src/adapters/executor/cgroup.ts'
import { openRunc } from '../../src/adapters/executor/runc.ts'
import { openInputs } from '../../src/adapters/supervisor/input.ts'
import { openMonitor } from '../../src/adapters/supervisor/monitor.ts'
import { readOutput } from '../../src/adapters/supervisor/output-log.ts'
import { findProgram } from '../../src/adapters/supervisor/programs.ts'
import { openProcesses } from '../../src/adapters/supervisor/processes.ts'
import type { ContainerId, ExecId } from '../../src/domain/kernel/identifiers.ts'
import type { Ended } from '../../src/domain/supervisor/index.ts'
import { scratch } from './scratch.ts'

export { soon } from './soon.ts'

const namespaces = ['mount', 'pid', 'ipc', 'uts', 'network'].map(type => ({ type }))
const allowed = [3, 5, 8, 9].map(minor => ({ allow: true, type: 'c', major: 1, minor, access: 'rwm' }))
const terminals = [
  { allow: true, type: 'c', major: 5, access: 'rwm' },
  { allow: true, type: 'c', major: 136, access: 'rwm' },
]

type Asked = Readonly<{
  args: ReadonlyArray<string>
  terminal?: boolean
  consoleSize?: Readonly<{ rows: number; columns: number }>
  stdin?: boolean
  memory?: number
}>

const processOf = (
  { args, terminal = false, consoleSize }: Asked,
  environment: ReadonlyArray<string> = [],
) => ({
  terminal,
  ...(consoleSize && { consoleSize: { height: consoleSize.rows, width: consoleSize.columns } }),
  user: { uid: 0, gid: 0 },
  args,
  env: ['PATH=/bin', ...environment],
  cwd: '/',
})

const configOf = (rootfs: string, cgroup: string, { memory, ...asked }: Asked) => ({
  ociVersion: '1.0.2',
  process: processOf(asked),
  root: { path: rootfs, readonly: false },
  mounts: [
    { destination: '/proc', type: 'proc', source: 'proc' },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs' },
    { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['newinstance', 'ptmxmode=0666'] },
  ],
  linux: {
    cgroupsPath: cgroup,
    namespaces,
    resources: {
      devices: [{ allow: false, access: 'rwm' }, ...allowed, ...terminals],
      ...(memory === undefined ? {} : { memory: { limit: memory } }),
    },
  },
})

/** A root file system of busybox, with the applets the tests ask for. */
const layOut = (rootfs: string) => {
  for (const name of ['bin', 'dev', 'proc', 'etc', 'tmp']) mkdirSync(join(rootfs, name), { recursive: true })
  copyFileSync('/bin/busybox', join(rootfs, 'bin/busybox'))
  for (const applet of ['sh', 'cat', 'echo', 'sleep', 'true', 'stty', 'head', 'kill', 'tail', 'yes', 'seq'])
    symlinkSync('busybox', join(rootfs, 'bin', applet))
  writeFileSync(join(rootfs, 'etc/not-a-program'), 'text', { mode: 0o644 })
}

export type World = Readonly<{ path: string; name: string; rootfs: string }>

/** What a daemon would have open, on directories that another one may have used before. */
export const daemonOn = (
  { path, name, rootfs }: World,
  keepInputOpen = false,
  { runtime: program = 'runc', patienceMs = 60_000 } = {},
) => {
  const directoryOf = (container: ContainerId) => join(path, 'containers', container)
  const cgroupOf = (container: ContainerId) => `/${name}/${container}`
  const outputOf = (container: ContainerId) => join(path, `${container}.log`)
  const programs = {
    conmon: findProgram('conmon'),
    runtime: findProgram(program),
    runtimeRoot: join(path, 'runc'),
  }
  const runtime = openRunc({ ...programs, directoryOf, cgroupOf })
  const inputs = openInputs()
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  const execOutputOf = (_: ContainerId, exec: ExecId) => join(path, `exec-${exec}.log`)
  const processes = openProcesses({
    programs,
    directoryOf,
    outputOf: execOutputOf,
    describe: (_, { args, terminal, consoleSize, environment }) =>
      E.right(
        JSON.stringify(processOf({ args, terminal, ...(consoleSize && { consoleSize }) }, environment)),
      ),
    bootId,
    inputs,
  })
  const monitor = openMonitor({
    programs,
    directoryOf,
    bootId,
    inputs,
    wasOutOfMemory: container => oomKills(cgroupOf(container)) > 0,
    letGo: runtime.letGo,
    keepInputOpen,
    patienceMs,
  })

  const launch = async (container: ContainerId, asked: Asked, run = 1) => {
    const { terminal = false, stdin = false, consoleSize = null } = asked
    mkdirSync(directoryOf(container), { recursive: true, mode: 0o700 })
    writeFileSync(
      join(directoryOf(container), 'config.json'),
      JSON.stringify(configOf(rootfs, cgroupOf(container), asked)),
    )
    const work = { container, run, output: outputOf(container), terminal, stdin, consoleSize }
    return monitor.launch(work)()
  }

  const start = async (asked: Asked) => {
    const container = newContainer()
    const launched = await launch(container, asked)
    assert.ok(E.isRight(launched), JSON.stringify(launched))
    const ended = monitor.ended({ container, run: 1 })
    return { container, pid: launched.right.pid, ended, directory: directoryOf(container) }
  }

  /** A further process in a container that runs. */
  const exec = async (container: ContainerId, asked: Asked, exec = newExec()) => {
    const { args, terminal = false, stdin = false, consoleSize = null } = asked
    const work = { exec, container, args, terminal, stdin, consoleSize, user: null, workingDir: null }
    return { exec, started: await processes.start(work)() }
  }

  const execOutput = (exec: ExecId, ended: Promise<unknown>) =>
    outputIn(execOutputOf('' as ContainerId, exec), ended)

  const output = (container: ContainerId, ended: Promise<unknown>, stream?: 'stdout' | 'stderr') =>
    outputIn(outputOf(container), ended, stream)

  /** What is written there until the end. */
  const outputIn = async (path: string, ended: Promise<unknown>, stream?: 'stdout' | 'stderr') => {
    const bytes: Array<Buffer> = []
    const all = { follow: true, since: null, until: null, tail: null, signal: AbortSignal.timeout(60_000) }
    for await (const piece of readOutput(path, { ...all, ended, ...(stream && { stream }) }))
      bytes.push(piece.bytes)
    return Buffer.concat(bytes)
  }

  return {
    ...{ directoryOf, cgroupOf, outputOf, monitor, runtime, inputs, launch, start, output },
    ...{ processes, exec, execOutput },
  }
}

export const newExec = () => randomBytes(32).toString('hex') as ExecId
export const newContainer = () => randomBytes(32).toString('hex') as ContainerId

/** Scratch directories on a tmpfs, a root file system, and at the end nothing of any container. */
export const containerWorld = () => {
  const directory = scratch('containers')
  const world: World = {
    path: directory.path,
    name: `shiplog-test-${randomBytes(4).toString('hex')}`,
    rootfs: join(directory.path, 'rootfs'),
  }
  layOut(world.rootfs)
  return {
    ...world,
    [Symbol.asyncDispose]: async () => {
      const { monitor, directoryOf } = daemonOn(world)
      const parent = join(world.path, 'containers')
      for (const container of existsSync(parent) ? (readdirSync(parent) as Array<ContainerId>) : []) {
        const forgotten = await monitor.forget(container)()
        assert.ok(E.isRight(forgotten), `${directoryOf(container)}: ${JSON.stringify(forgotten)}`)
      }
      for (const hierarchy of readdirSync('/sys/fs/cgroup'))
        for (const cgroup of [
          join('/sys/fs/cgroup', hierarchy, world.name),
          join('/sys/fs/cgroup', world.name),
        ])
          if (existsSync(cgroup)) rmdirSync(cgroup)
      await directory[Symbol.asyncDispose]()
    },
  }
}

/** Whether a process is there and has not ended: whom nobody buries stays in /proc. */
export const isRunning = (pid: number): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

export const codeOf = (ended: Ended) => (ended.kind === 'exited' ? ended.exitCode : ended.because)
