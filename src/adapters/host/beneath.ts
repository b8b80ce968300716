import { constants } from 'node:fs'
import { checked, cString, openat2 } from './libc.ts'
import type { Path } from './libc.ts'

/** The same on every architecture since 5.6 <asm-generic/unistd.h>. */
const SYS_openat2 = 437n

/** <linux/openat2.h>: no other file system, no link of the kernel's own (/proc), no link at all, nothing above. */
const RESOLVE = 0x01n | 0x02n | 0x04n | 0x08n

/** <asm-generic/fcntl.h>; not among Node's constants. */
const O_CLOEXEC = 0o2000000
export const O_PATH = 0o10000000

/**
 * openat2(2): opens what is at `path` below a directory that is held open, and nothing else: not through a symbolic
 * link, and not above or beside the directory, whoever renames what meanwhile. The kernel sees to it in one walk, so
 * nothing can change between a look and the use of what was seen. Throws SystemError (ELOOP: there is a link).
 *
 * @returns a descriptor, which the caller closes
 */
export const openBeneath = (directory: number, path: Path, flags: number): number => {
  how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0)
  return Number(
    checked(
      openat2.syscall(SYS_openat2, BigInt(directory), cString(path, 'openat2'), how, BigInt(how.length)),
      'openat2',
      path,
    ),
  )
}

/** struct open_how: flags, mode, resolve. Filled and used within one call, so that one serves all. */
const how = Buffer.alloc(24)
how.writeBigUInt64LE(RESOLVE, 16)

/** For `openBeneath`: a directory, to list or to do something to. */
export const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY

/**
 * A path for what has this name in a directory that is held open, for calls that want a path. No name before the last
 * is looked up again; whether the last is followed is the call's own affair.
 */
export const through = (directory: number, name: Path): Path =>
  typeof name === 'string'
    ? `/proc/self/fd/${directory}/${name}`
    : Buffer.concat([Buffer.from(`/proc/self/fd/${directory}/`), name])

/** A path for what is held open itself, also where it was opened with O_PATH. Following it is the point. */
export const itself = (descriptor: number): string => `/proc/self/fd/${descriptor}`
