import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { reap, spawnDetached } from '../host/spawn.ts'

export type Programs = Readonly<{ conmon: string; runtime: string; runtimeRoot: string }>

export type Conmon = Readonly<{
  id: string
  /** Its files are here; it is also its working directory. */
  directory: string
  output: string | null
  terminal: boolean
  /** The process reads the FIFO `stdin` of the directory. */
  stdin: boolean
  /** What it starts: a container from the directory as a bundle, or a process of a running one. */
  starts: 'container' | 'process'
}>

/**
 * conmon's arguments. `/bin/sh` stands between it and the runtime, to drop conmon's hard-coded `create` (one
 * `runc run --detach` does create and start) and to give the process its standard input.
 */
const argumentsOf = (programs: Programs, { id, directory, output, terminal, stdin, starts }: Conmon) => {
  const at = (name: string) => join(directory, name)
  const input = stdin && !terminal ? ' <stdin' : ''
  const script =
    starts === 'container'
      ? `shift; exec "$0" --root "$SHIPLOG_RUNTIME_ROOT" run --detach "$@"${input}`
      : `exec "$0" --root "$SHIPLOG_RUNTIME_ROOT" "$@"${input}`
  return [
    '--api-version',
    '-c',
    id,
    '-u',
    id,
    '-r',
    '/bin/sh',
    '-b',
    directory,
    '-p',
    at('pid'),
    '-P',
    at('conmon.pid'),
    '-l',
    output === null ? 'none' : `k8s-file:${output}`,
    '--persist-dir',
    directory,
    '--full-attach',
    '--no-sync-log',
    '--log-level',
    'error',
    ...(starts === 'process' ? ['-e', '--exec-process-spec', at('process.json')] : []),
    // Attached to only where somebody types: output is read from the log, which nobody has to be there for.
    ...(starts === 'process' && terminal ? ['--exec-attach'] : []),
    ...(terminal ? ['-t'] : []),
    ...(terminal && starts === 'container' ? ['--leave-stdin-open'] : []),
    ...(terminal && stdin && starts === 'process' ? ['-i'] : []),
    '--runtime-arg',
    '-c',
    '--runtime-arg',
    script,
    '--runtime-arg',
    programs.runtime,
  ]
}

/**
 * What conmon is handed: the sync FIFO, and for a process the pipes that hold it back. `input` it only keeps open, for
 * as long as it lives; that one stays the caller's.
 */
type Handed = Readonly<{ sync: number; start?: number; attach?: number; input?: number }>

/** Starts a monitor and closes our ends of what it was handed. Throws SystemError. */
export const startConmon = (
  programs: Programs,
  conmon: Conmon,
  { sync, start, attach, input }: Handed,
): void => {
  const held = [sync, ...(start === undefined ? [] : [start]), ...(attach === undefined ? [] : [attach])]
  try {
    const pid = spawnDetached(programs.conmon, argumentsOf(programs, conmon), {
      cwd: conmon.directory,
      env: {
        PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin',
        TZ: 'UTC',
        SHIPLOG_RUNTIME_ROOT: programs.runtimeRoot,
        _OCI_SYNCPIPE: '3',
        ...(start === undefined ? {} : { _OCI_STARTPIPE: '4' }),
        ...(attach === undefined ? {} : { _OCI_ATTACHPIPE: '5' }),
      },
      fds: [null, null, null, ...held, ...(input === undefined ? [] : [input])],
    })
    bury(pid).catch(() => undefined)
  } finally {
    for (const fd of held) closeSync(fd)
  }
}

/** The process that we started forks the monitor and ends at once; somebody has to take note. */
const bury = async (pid: number) => {
  for (let wait = 5; reap(pid) === null; wait = Math.min(1000, wait * 2))
    await sleep(wait, undefined, { ref: false })
}
