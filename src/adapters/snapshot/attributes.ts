import { chmodSync, lchownSync } from 'node:fs'
import type { Path } from '../host/libc.ts'
import { setTimes } from '../host/times.ts'
import { setXattr } from '../host/xattr.ts'
import type { Entry } from './layer-tar.ts'
import { isOverlayAttribute } from './overlay-marks.ts'

/**
 * Gives what was made for an entry its owner, attributes, mode and time, in the one order that keeps them: changing
 * an owner clears setuid bits and capabilities, and all of it may change a time. `path` must be the thing itself (no
 * symbolic link unless the entry is one, and no link among its parents).
 */
export const dress = (path: Path, entry: Entry): void => {
  // Root made it, so it is root's.
  if (entry.uid !== 0 || entry.gid !== 0) lchownSync(path, entry.uid, entry.gid)
  if (entry.attributes !== null) giveXattrs(path, entry.attributes)
  if (entry.type !== 'symlink') chmodSync(path, entry.mode)
  setTimes(path, entry.modified)
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

export const giveXattrs = (path: Path, attributes: ReadonlyMap<string, Buffer>) => {
  for (const [name, value] of attributes) {
    if (!isWelcome(name)) continue
    try {
      setXattr(path, Buffer.from(name, 'latin1'), value)
    } catch (error) {
      // A file system without such attributes; or one of a kind this type of file cannot have (user.* on a link).
      const { code } = error as { code?: string }
      if (code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && !(code === 'EPERM' && name.startsWith('user.')))
        throw error
    }
  }
}
