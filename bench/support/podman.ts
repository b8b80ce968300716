import { join } from 'node:path'
import { isInstalled, runProgram } from './program.ts'

/** Debian's podman on directories of its own, or null where it is not installed. It has no daemon. */
export const openPodman = (directory: string) => {
  if (!isInstalled('podman')) return null
  const own = [
    '--root',
    join(directory, 'root'),
    '--runroot',
    join(directory, 'run'),
    '--cgroup-manager',
    'cgroupfs',
    '--storage-driver',
    'overlay',
    '--events-backend',
    'none',
  ]
  return (...args: ReadonlyArray<string>) => runProgram('podman', [...own, ...args])
}
