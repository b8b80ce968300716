import { existsSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const mountPoint = '/sys/fs/cgroup'

/** Whether the host has one hierarchy (v2) or one per controller (v1, hybrid). */
export const isUnified = (): boolean => existsSync(join(mountPoint, 'cgroup.controllers'))

/** The directories of one container's cgroup: one on v2, one per controller on v1. */
const directoriesOf = (path: string): ReadonlyArray<string> =>
  isUnified()
    ? [join(mountPoint, path)]
    : readdirSync(mountPoint, { withFileTypes: true })
        .filter(entry => entry.isDirectory())
        .map(({ name }) => join(mountPoint, name, path))

const countIn = (file: string, key: string): number => {
  try {
    return Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(readFileSync(file, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

/** How many of its processes the kernel has killed for want of memory. 0 where the cgroup is gone. */
export const oomKills = (path: string): number =>
  isUnified()
    ? countIn(join(mountPoint, path, 'memory.events'), 'oom_kill')
    : countIn(join(mountPoint, 'memory', path, 'memory.oom_control'), 'oom_kill')

/** Every process in it, in the host's numbers. */
export const processesIn = (path: string): ReadonlyArray<number> => {
  const directory = isUnified() ? join(mountPoint, path) : join(mountPoint, 'pids', path)
  try {
    return readFileSync(join(directory, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

const freezerOf = (path: string) =>
  isUnified()
    ? { file: join(mountPoint, path, 'cgroup.freeze'), frozen: '1', thawed: '0' }
    : { file: join(mountPoint, 'freezer', path, 'freezer.state'), frozen: 'FROZEN', thawed: 'THAWED' }

const isFrozen = (path: string): boolean =>
  isUnified()
    ? countIn(join(mountPoint, path, 'cgroup.events'), 'frozen') === 1
    : readFileSync(freezerOf(path).file, 'utf8').trim() === 'FROZEN'

/**
 * Stops all its processes where they are. `busy`: some are in the middle of something that cannot be interrupted; the
 * others have been let go on. `absent`: nothing is there, or nobody.
 */
export const freeze = async (path: string): Promise<'frozen' | 'busy' | 'absent'> => {
  if (processesIn(path).length === 0) return 'absent'
  const { file, frozen } = freezerOf(path)
  for (let attempt = 1; attempt <= 200; attempt++) {
    writeFileSync(file, frozen)
    if (isFrozen(path)) return 'frozen'
    await sleep(attempt < 10 ? 1 : 10)
    // v1: one that waits for a child that was stopped before it stops itself never gets there. They are let go on, and
    // caught elsewhere.
    if (attempt % 10 === 0) thaw(path)
  }
  thaw(path)
  return 'busy'
}

/** False where there is no such cgroup. */
export const thaw = (path: string): boolean => {
  const { file, thawed } = freezerOf(path)
  try {
    writeFileSync(file, thawed)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENODEV') return false
    throw error
  }
}

const remains = (directory: string): boolean => {
  try {
    for (const { name } of readdirSync(directory, { withFileTypes: true }).filter(entry =>
      entry.isDirectory(),
    ))
      remains(join(directory, name))
    rmdirSync(directory)
    return false
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EBUSY') return true
    if (code === 'ENOENT' || code === 'ENOTDIR') return false
    throw error
  }
}

/** Removes it. The kernel takes a moment to let go of the last process of a pid namespace: it is asked again. */
export const removeCgroup = async (path: string): Promise<void> => {
  let left = directoriesOf(path)
  for (let attempt = 0; attempt < 100; attempt++) {
    left = left.filter(remains)
    if (left.length === 0) return
    await sleep(Math.min(50, 1 + attempt))
  }
  throw new Error(`${left[0]}: the cgroup is busy`)
}
