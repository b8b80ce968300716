import { closeSync, constants as fs, openSync } from 'node:fs'
import { constants } from 'node:os'
import { errno, libc, SystemError } from './libc.ts'

/**
 * Takes an exclusive lock on a file, which is made if need be and never removed: removing it would let two processes
 * hold "the" lock on two files. The kernel lets go of it when the process ends, however that happens. Throws
 * SystemError.
 *
 * @returns what gives the lock back, or `held` when somebody else has it.
 */
export const lockFile = (path: string): (() => void) | 'held' => {
  const fd = openSync(path, fs.O_RDWR | fs.O_CREAT | fs.O_NOFOLLOW, 0o600)
  if (libc.flock(fd, LOCK_EX | LOCK_NB) === 0) {
    let locked = true
    return () => {
      if (locked) closeSync(fd)
      locked = false
    }
  }
  const number = errno()
  closeSync(fd)
  if (number === constants.errno.EAGAIN) return 'held'
  throw new SystemError(number, 'flock', path)
}

/** <sys/file.h> */
const LOCK_EX = 2
const LOCK_NB = 4
