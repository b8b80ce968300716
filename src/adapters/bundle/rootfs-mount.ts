import { mkdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Mount } from '../../domain/kernel/mount.ts'
import { MNT, mountAt, unmountIfMounted } from '../host/mount.ts'

/**
 * Mounts a snapshot, each mount over the one before, unless something is mounted there already. Throws SystemError,
 * and then nothing is mounted.
 */
export const mountRootfs = (mounts: ReadonlyArray<Mount>, rootfs: string): void => {
  mkdirSync(rootfs, { recursive: true, mode: 0o700 })
  if (isMounted(rootfs)) return
  try {
    for (const mount of mounts) mountAt(mount, rootfs)
  } catch (error) {
    unmountRootfs(rootfs)
    throw error
  }
}

/** Lets go of all that is mounted there, also where somebody still looks into it. */
export const unmountRootfs = (rootfs: string): void => {
  while (unmountIfMounted(rootfs, MNT.nofollow | MNT.detach));
}

/** A bind mount of the same file system has the same device number: only the kernel's own list tells. */
export const isMounted = (path: string): boolean => {
  const own = statSync(path, { throwIfNoEntry: false })
  if (own === undefined) return false
  if (own.dev !== statSync(dirname(path)).dev) return true
  const real = realpathSync(path)
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .some(line => line.split(' ', 5)[4] === real)
}
