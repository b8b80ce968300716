import { checked, cString, libc } from './libc.ts'
import type { Path } from './libc.ts'

/** Seconds since 1970 (whole, may be negative) and the nanoseconds that follow them (0 to 999,999,999). */
export type Instant = Readonly<{ seconds: number; nanoseconds: number }>

/** utimensat(2): access and modification time of a file, of a symbolic link itself where there is one. Throws SystemError. */
export const setTimes = (path: Path, at: Instant): void => {
  for (const offset of [0, 16]) {
    both.writeBigInt64LE(BigInt(at.seconds), offset)
    both.writeBigInt64LE(BigInt(at.nanoseconds), offset + 8)
  }
  checked(libc.utimensat(AT_FDCWD, cString(path, 'utimensat'), both, AT_SYMLINK_NOFOLLOW), 'utimensat', path)
}

/** Two struct timespec. Filled and used within one call, so that one serves all. */
const both = Buffer.alloc(32)

const AT_FDCWD = -100
const AT_SYMLINK_NOFOLLOW = 0x100
