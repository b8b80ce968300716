import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Sync } from './sync-fifo.ts'

/** A runtime that has not started anything after so long never will. runc takes 30 ms; a loaded machine, a second. */
export const LAUNCH_MS = 60_000

/**
 * What a monitor says first, which is what became of the launch; null when it ends without a word. One that says nothing
 * for too long is killed, with the runtime that it waits for: then it says that.
 */
export const firstWord = async (sync: Sync, directory: string, patienceMs: number): Sync['first'] => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>(resolve => {
    timer = setTimeout(() => resolve('late'), patienceMs)
  })
  const word = await Promise.race([sync.first, late])
  clearTimeout(timer)
  if (word !== 'late') return word
  killMonitor(directory)
  return { data: -1, message: `the runtime has not answered within ${patienceMs / 1000} s` }
}

/** conmon begins a session of its own, and what it starts belongs to it until the container runs. */
const killMonitor = (directory: string): void => {
  try {
    const pid = Number.parseInt(readFileSync(join(directory, 'conmon.pid'), 'utf8'), 10)
    if (pid > 1) process.kill(-pid, 'SIGKILL')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ESRCH') throw error
  }
}
