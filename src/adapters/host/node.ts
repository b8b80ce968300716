import { constants } from 'node:os'
import { checked, cString, errno, libc, SystemError } from './libc.ts'
import type { Path } from './libc.ts'

/** What mknod(2) makes, as the type bits of a mode. */
export const nodeType = { fifo: 0o010000, character: 0o020000, block: 0o060000, socket: 0o140000 } as const

/** dev_t as glibc and musl pack it. Numbers are cut to what the kernel keeps: 12 bits of major, 20 of minor. */
export const deviceNumber = (major: number, minor: number): bigint => {
  const a = BigInt(major) & 0xfffn
  const i = BigInt(minor) & 0xfffffn
  return ((i & ~0xffn) << 12n) | (a << 8n) | (i & 0xffn)
}

/** mknod(2); `mode` has type and permission bits, the latter under the umask. Throws SystemError. */
export const makeNode = (path: Path, mode: number, device = 0n): void => {
  checked(libc.mknod(cString(path, 'mknod'), mode, device), 'mknod', path)
}

/** Makes a FIFO, or leaves the one that is there. Throws SystemError. */
export const makeFifo = (path: Path, mode: number): void => {
  if (libc.mkfifo(cString(path, 'mkfifo'), mode) === -1) {
    const number = errno()
    if (number !== constants.errno.EEXIST) throw new SystemError(number, 'mkfifo', path)
  }
}
