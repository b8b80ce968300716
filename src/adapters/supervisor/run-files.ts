import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Which run the monitor's files in a container's directory belong to, and the boot of the host it began in. */
export type RunMark = Readonly<{ run: number; bootId: string }>

const markIn = (directory: string) => join(directory, 'run.json')

export const readMark = (directory: string): RunMark | null => {
  const text = textOf(markIn(directory))
  if (text === null) return null
  try {
    const { run, bootId } = (JSON.parse(text) ?? {}) as Partial<RunMark>
    return typeof run === 'number' && typeof bootId === 'string' ? { run, bootId } : null
  } catch {
    return null
  }
}

/** The mark is there before any file of its run, so that no file is ever taken for another run's. */
export const beginRun = (directory: string, mark: RunMark): void =>
  writeFileSync(markIn(directory), JSON.stringify(mark), { mode: 0o600 })

/** Clears away what a run left; the mark last. */
export const clearRun = (directory: string): void => {
  for (const name of [
    ...['sync', 'stdin', 'pid', 'conmon.pid', 'ctl', 'winsz', 'attach', 'exit', 'oom', 'oom-killed'],
    'run.json',
  ])
    rmSync(join(directory, name), { force: true })
}

export const readPid = (directory: string): number | null => {
  const pid = Number.parseInt(textOf(join(directory, 'pid')) ?? '', 10)
  return Number.isSafeInteger(pid) && pid > 0 ? pid : null
}

/** The monitor's exit file, when it was written. */
export const readExit = (directory: string): Readonly<{ text: string; at: Date }> | null => {
  const path = join(directory, 'exit')
  const text = textOf(path)
  return text === null || text.trim() === '' ? null : { text: text.trim(), at: statSync(path).mtime }
}

/** Remembers, beside the exit, that the kernel killed one of its processes for want of memory. */
export const keepOomKill = (directory: string): void => writeFileSync(join(directory, 'oom-killed'), '')
export const hadOomKill = (directory: string): boolean => existsSync(join(directory, 'oom-killed'))

const textOf = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
