import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Mount } from '../../domain/kernel/mount.ts'
import { checked, cString, libc } from './libc.ts'

/** <linux/mount.h> */
export const MS = {
  rdonly: 1,
  nosuid: 2,
  nodev: 4,
  noexec: 8,
  remount: 32,
  noatime: 1024,
  nodiratime: 2048,
  bind: 4096,
  move: 8192,
  rec: 16384,
  unbindable: 1 << 17,
  private: 1 << 18,
  slave: 1 << 19,
  shared: 1 << 20,
  relatime: 1 << 21,
  strictatime: 1 << 24,
} as const

/** mount(2): `data` is the file system's own options, comma-separated, at most a page long. Throws SystemError. */
export const mount = (
  source: string,
  target: string,
  type: string,
  flags = 0,
  data: string | null = null,
): void => {
  checked(
    libc.mount(
      cString(source, 'mount'),
      cString(target, 'mount'),
      cString(type, 'mount'),
      BigInt(flags),
      data === null ? null : cString(data, 'mount'),
    ),
    'mount',
    target,
  )
}

/** <sys/mount.h>: `detach` lets go of it now and unmounts it when its last user is gone. */
export const MNT = { force: 1, detach: 2, expire: 4, nofollow: 8 } as const

/** umount2(2). A symbolic link is not followed unless flags say otherwise. Throws SystemError. */
export const unmount = (target: string, flags: number = MNT.nofollow): void => {
  checked(libc.umount2(cString(target, 'umount2'), flags), 'umount2', target)
}

/** unmount, where not being mounted (or not being there) is as good. True if something was unmounted. */
export const unmountIfMounted = (target: string, flags: number = MNT.nofollow): boolean => {
  try {
    unmount(target, flags)
    return true
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === 'EINVAL' || code === 'ENOENT') return false
    throw error
  }
}

/** Mounts what a driver described. Throws SystemError. */
export const mountAt = ({ type, source, options }: Mount, target: string): void => {
  const { flags, data } = splitOptions(options)
  const text = data.join(',')
  if (Buffer.byteLength(text) < pageSize) mount(source, target, type, flags, text === '' ? null : text)
  else withShortNames(data, shorter => mount(source, target, type, flags, shorter.join(',')))
}

const flagOf: Readonly<Record<string, number>> = {
  ro: MS.rdonly,
  nosuid: MS.nosuid,
  nodev: MS.nodev,
  noexec: MS.noexec,
  remount: MS.remount,
  noatime: MS.noatime,
  nodiratime: MS.nodiratime,
  bind: MS.bind,
  rbind: MS.bind | MS.rec,
  relatime: MS.relatime,
  strictatime: MS.strictatime,
}

/** Options of every mount are flags of the call; the rest is for the file system. `rw` and `defaults` say nothing. */
export const splitOptions = (options: ReadonlyArray<string>) => {
  let flags = 0
  const data: Array<string> = []
  for (const option of options) {
    const flag = Object.hasOwn(flagOf, option) ? flagOf[option] : undefined
    if (flag !== undefined) flags |= flag
    else if (option !== 'rw' && option !== 'defaults') data.push(option)
  }
  return { flags, data }
}

/** The kernel copies one page of options and no more; 4096 is the smallest page there is. */
const pageSize = 4096

/**
 * An overlay of many layers names more than a page of directories. It gets them by short symbolic links instead,
 * which the kernel resolves while it mounts, so that they can go at once. That works on every kernel (`lowerdir+`
 * needs 6.5) and without changing the working directory, which is the whole process's. 190 layers fit.
 */
const withShortNames = (data: ReadonlyArray<string>, run: (data: ReadonlyArray<string>) => void) => {
  const links = mkdtempSync(join(tmpdir(), 'l-'))
  try {
    let count = 0
    const short = (directory: string) => {
      const link = join(links, (count++).toString(36))
      symlinkSync(directory, link)
      return link
    }
    run(
      data.map(option =>
        option.startsWith(lowerdir)
          ? lowerdir + option.slice(lowerdir.length).split(':').map(short).join(':')
          : option,
      ),
    )
  } finally {
    rmSync(links, { recursive: true, force: true })
  }
}

const lowerdir = 'lowerdir='
