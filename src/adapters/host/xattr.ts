import { constants } from 'node:os'
import { checked, cString, errno, libc, SystemError } from './libc.ts'
import type { Path } from './libc.ts'

/** What has attributes: what is at a path (a symbolic link itself, where there is one), or open at a descriptor. */
export type Bearer = Path | number

const pathOf = (bearer: Bearer) => (typeof bearer === 'number' ? null : bearer)

/** lsetxattr(2), fsetxattr(2): sets or replaces an attribute. Throws SystemError. */
export const setXattr = (bearer: Bearer, name: Path, value: Buffer): void => {
  const key = cString(name, 'setxattr')
  // A null pointer is refused for an empty value on some file systems, and an empty Buffer is one.
  const bytes = value.length === 0 ? emptyValue : value
  const length = BigInt(value.length)
  checked(
    typeof bearer === 'number'
      ? libc.fsetxattr(bearer, key, bytes, length, 0)
      : libc.lsetxattr(cString(bearer, 'setxattr'), key, bytes, length, 0),
    'setxattr',
    pathOf(bearer),
  )
}

const emptyValue = Buffer.alloc(1)

/** lgetxattr(2), fgetxattr(2), or null where there is no such attribute. Throws SystemError. */
export const getXattr = (bearer: Bearer, name: Path): Buffer | null => {
  const value = Buffer.alloc(largest)
  const key = cString(name, 'getxattr')
  const length =
    typeof bearer === 'number'
      ? libc.fgetxattr(bearer, key, value, BigInt(largest))
      : libc.lgetxattr(cString(bearer, 'getxattr'), key, value, BigInt(largest))
  if (length === -1n) {
    const number = errno()
    if (number === constants.errno.ENODATA) return null
    throw new SystemError(number, 'getxattr', pathOf(bearer))
  }
  return Buffer.from(value.subarray(0, Number(length)))
}

/** llistxattr(2), flistxattr(2): the names of the attributes something has, as bytes. Throws SystemError. */
export const listXattrs = (bearer: Bearer): ReadonlyArray<Buffer> => {
  const names = Buffer.alloc(largest)
  const length = checked(
    typeof bearer === 'number'
      ? libc.flistxattr(bearer, names, BigInt(largest))
      : libc.llistxattr(cString(bearer, 'listxattr'), names, BigInt(largest)),
    'listxattr',
    pathOf(bearer),
  )
  const found: Array<Buffer> = []
  for (let start = 0; start < Number(length); ) {
    const end = names.indexOf(0, start)
    found.push(Buffer.from(names.subarray(start, end)))
    start = end + 1
  }
  return found
}

/** XATTR_SIZE_MAX and XATTR_LIST_MAX of <linux/limits.h> */
const largest = 65536
