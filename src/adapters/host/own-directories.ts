import { randomUUID } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lockFile } from './lock.ts'

/** What a daemon calls its own for as long as it lives. */
export type OwnDirectories = Disposable &
  Readonly<{
    /** Chosen at random when the root was made: what a node's name is claimed with. */
    rootId: string
    /** The host's boot (/proc/sys/kernel/random/boot_id): another one means that all processes of before are gone. */
    bootId: string
  }>

/** Makes a directory of that mode, or says that it is not ours to make. */
const ownDirectory = (directory: string, mode: number) => {
  try {
    mkdirSync(directory, { recursive: true, mode })
    chmodSync(directory, mode)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const isNotOurs = code === 'EACCES' || code === 'EPERM'
    throw new Error(
      isNotOurs
        ? `${directory}: it is not ours to use (try: as root, or another directory)`
        : `${directory}: ${message}`,
      { cause: error },
    )
  }
}

/**
 * Makes the root (0700) and state (0711) directories and takes them for this process alone; the lock is the kernel's
 * and goes with the process. Throws an error that names the directory when another daemon has it.
 */
export const takeDirectories = (root: string, state: string): OwnDirectories => {
  ownDirectory(root, 0o700)
  ownDirectory(state, 0o711)

  const releases: Array<() => void> = []
  for (const directory of new Set([root, state])) {
    const release = lockFile(join(directory, 'lock'))
    if (release === 'held') {
      for (const release of releases) release()
      throw new Error(`${directory}: another daemon is using it`)
    }
    releases.push(release)
  }

  return {
    rootId: idOf(join(root, 'id')),
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    [Symbol.dispose]: () => {
      for (const release of releases) release()
    },
  }
}

const idOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    const id = randomUUID()
    writeFileSync(`${path}.new`, `${id}\n`, { mode: 0o600, flush: true })
    renameSync(`${path}.new`, path)
    return id
  }
}
