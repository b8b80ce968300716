import { constants } from 'node:os'
import { checked, cString, errno, libc, SystemError } from './libc.ts'
import type { Path } from './libc.ts'

/** lsetxattr(2): sets or replaces an attribute, of a symbolic link itself where there is one. Throws SystemError. */
export const setXattr = (path: Path, name: Path, value: Buffer): void => {
  checked(
    // A null pointer is refused for an empty value on some file systems, and an empty Buffer is one.
    libc.lsetxattr(
      cString(path, 'lsetxattr'),
      cString(name, 'lsetxattr'),
      value.length === 0 ? emptyValue : value,
      BigInt(value.length),
      0,
    ),
    'lsetxattr',
    path,
  )
}

const emptyValue = Buffer.alloc(1)

/** lgetxattr(2), or null where there is no such attribute. Throws SystemError. */
export const getXattr = (path: Path, name: Path): Buffer | null => {
  const value = Buffer.alloc(largest)
  const length = libc.lgetxattr(
    cString(path, 'lgetxattr'),
    cString(name, 'lgetxattr'),
    value,
    BigInt(largest),
  )
  if (length === -1n) {
    const number = errno()
    if (number === constants.errno.ENODATA) return null
    throw new SystemError(number, 'lgetxattr', path)
  }
  return Buffer.from(value.subarray(0, Number(length)))
}

/** llistxattr(2): the names a file's attributes have, as bytes. Throws SystemError. */
export const listXattrs = (path: Path): ReadonlyArray<Buffer> => {
  const names = Buffer.alloc(largest)
  const length = checked(
    libc.llistxattr(cString(path, 'llistxattr'), names, BigInt(largest)),
    'llistxattr',
    path,
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
