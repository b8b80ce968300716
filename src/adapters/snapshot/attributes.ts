import { chmodSync, closeSync, fchmodSync, fchownSync, lchownSync } from 'node:fs'
import { itself, O_PATH, openBeneath } from '../host/beneath.ts'
import type { Path } from '../host/libc.ts'
import { setTimes } from '../host/times.ts'
import { setXattr } from '../host/xattr.ts'
import type { Bearer } from '../host/xattr.ts'
import type { Entry } from './layer-tar.ts'
import { isOverlayAttribute } from './overlay-marks.ts'

// What was made for an entry gets its owner, attributes, mode and time, in the one order that keeps them: changing an
// owner clears setuid bits and capabilities, and all of it may change a time. Root made it, so it is root's at first.

/** A file or a directory, which is open. */
export const dressOpened = (descriptor: number, { uid, gid, attributes, mode, modified }: Entry): void => {
  if (uid !== 0 || gid !== 0) fchownSync(descriptor, uid, gid)
  if (attributes !== null) giveXattrs(descriptor, attributes)
  fchmodSync(descriptor, mode)
  setTimes(descriptor, modified)
}

/** A symbolic link, by its own path. None of these calls follows it, nor what somebody may have put in its place. */
export const dressLink = (path: Path, { uid, gid, attributes, modified }: Entry): void => {
  if (uid !== 0 || gid !== 0) lchownSync(path, uid, gid)
  if (attributes !== null) giveXattrs(path, attributes)
  setTimes(path, modified)
}

/** A device or a FIFO, which is not to be opened: its mode is changed by a descriptor that only says which it is. */
export const dressSpecial = (directory: number, name: Path, path: Path, entry: Entry): void => {
  const { uid, gid, attributes, mode, modified } = entry
  if (uid !== 0 || gid !== 0) lchownSync(path, uid, gid)
  if (attributes !== null) giveXattrs(path, attributes)
  const descriptor = openBeneath(directory, name, O_PATH)
  try {
    chmodSync(itself(descriptor), mode)
  } finally {
    closeSync(descriptor)
  }
  setTimes(path, modified)
}

/**
 * Which attributes a layer may set: what programs in the image rely on. Not the overlay's own, with which it could
 * hide or redirect files of other layers; not the host's labels and measurements (`security.selinux`, `security.ima`),
 * which are not the image's to give.
 */
const isWelcome = (name: string) =>
  !isOverlayAttribute(name) &&
  (name.startsWith('user.') ||
    name.startsWith('trusted.') ||
    name === 'security.capability' ||
    name === 'system.posix_acl_access' ||
    name === 'system.posix_acl_default')

const giveXattrs = (bearer: Bearer, attributes: ReadonlyMap<string, Buffer>) => {
  for (const [name, value] of attributes) {
    if (!isWelcome(name)) continue
    try {
      setXattr(bearer, Buffer.from(name, 'latin1'), value)
    } catch (error) {
      // A file system without such attributes; or one of a kind this type of file cannot have (user.* on a link).
      const { code } = error as { code?: string }
      if (code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && !(code === 'EPERM' && name.startsWith('user.')))
        throw error
    }
  }
}
