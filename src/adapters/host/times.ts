import { checked, cString, libc } from './libc.ts'
import type { Path } from './libc.ts'

/** Seconds since 1970 (whole, may be negative) and the nanoseconds that follow them (0 to 999,999,999). */
export type Instant = Readonly<{ seconds: number; nanoseconds: number }>

/**
 * utimensat(2), futimens(3): access and modification time of what is at a path, of a symbolic link itself where there is one; or of
 * what is open at a descriptor. Throws SystemError.
 */
export const setTimes = (what: Path | number, at: Instant): void => {
  for (const offset of [0, 16]) {
    both.writeBigInt64LE(BigInt(at.seconds), offset)
    both.writeBigInt64LE(BigInt(at.nanoseconds), offset + 8)
  }
  if (typeof what === 'number') checked(libc.futimens(what, both), 'futimens', null)
  else
    checked(
      libc.utimensat(AT_FDCWD, cString(what, 'utimensat'), both, AT_SYMLINK_NOFOLLOW),
      'utimensat',
      what,
    )
}

/** Two struct timespec. Filled and used within one call, so that one serves all. */
const both = Buffer.alloc(32)

const AT_FDCWD = -100
const AT_SYMLINK_NOFOLLOW = 0x100
