import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  readSync,
} from 'node:fs'
import type { Stats } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { isOnKernelMount } from '../../domain/bundle/mounts.ts'
import type { EffectFailure } from '../../domain/kernel/problem.ts'
import { refused } from './refused.ts'

// Paths inside a rootfs that is mounted and that nothing runs in yet. The image wrote it, and is not to be trusted:
// its symbolic links are followed as the container would follow them, with the rootfs as their root, and never out
// of it. Nobody changes it while we look: its container is not running, and no other has it mounted.

/** As many links as Linux follows (path_resolution(7)). */
const MOST_LINKS = 40

export type Resolved = Readonly<{
  /** The same place without any links, as the container sees it … */
  inside: string
  /** … and as we do. */
  outside: string
  /** null: there is nothing yet. */
  stats: Stats | null
}>

/** Where a path (absolute, clean) leads inside of the rootfs. What is not there yet has no links. */
export const resolveInRoot = (rootfs: string, path: string): E.Either<EffectFailure, Resolved> => {
  const todo = path.split('/').filter(part => part !== '')
  let inside: ReadonlyArray<string> = []
  let stats: Stats | null = lstatSync(rootfs)
  let links = 0

  for (let part = todo.shift(); part !== undefined; part = todo.shift()) {
    if (part === '.') continue
    if (part === '..') {
      inside = inside.slice(0, -1)
      stats = lstatOrNull([rootfs, ...inside].join('/'))
      continue
    }
    const next = [...inside, part]
    const found: Stats | null = stats === null ? null : lstatOrNull([rootfs, ...next].join('/'))
    if (found?.isSymbolicLink() !== true) {
      if (found !== null && todo.length > 0 && !found.isDirectory())
        return refused('unsafe-path', `${path}: /${next.join('/')} in the image is not a directory`)
      inside = next
      stats = found
      continue
    }
    if (++links > MOST_LINKS) return refused('unsafe-path', `${path}: too many symbolic links in the image`)
    const target = readlinkSync([rootfs, ...next].join('/'))
    if (target.startsWith('/')) {
      inside = []
      stats = lstatSync(rootfs)
    }
    todo.unshift(...target.split('/').filter(name => name !== ''))
  }
  return E.right({ inside: `/${inside.join('/')}`, outside: [rootfs, ...inside].join('/'), stats })
}

const lstatOrNull = (path: string): Stats | null => lstatSync(path, { throwIfNoEntry: false }) ?? null

/** Makes a directory and those above it that are not there, root's and 0755. Answers with the path without links. */
export const makeDirectory = (rootfs: string, path: string): E.Either<EffectFailure, string> => {
  const resolved = resolveOnRootfs(rootfs, path)
  if (E.isLeft(resolved)) return resolved
  const { inside, outside, stats } = resolved.right
  if (stats === null) mkdirSync(outside, { recursive: true, mode: 0o755 })
  else if (!stats.isDirectory()) return refused('unsafe-path', `${path} in the image is not a directory`)
  return E.right(inside)
}

/** Makes an empty file to mount something on, where nothing is there. Answers with the path without links. */
export const makeMountpointFile = (rootfs: string, path: string): E.Either<EffectFailure, string> => {
  const resolved = resolveOnRootfs(rootfs, path)
  if (E.isLeft(resolved)) return resolved
  const { inside, outside, stats } = resolved.right
  if (stats?.isDirectory() === true)
    return refused('unsafe-path', `${path} in the image is a directory, and a file is to be mounted on it`)
  if (stats === null) {
    mkdirSync(outside.slice(0, outside.lastIndexOf('/')), { recursive: true, mode: 0o755 })
    closeSync(openSync(outside, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o644))
  }
  return E.right(inside)
}

/** A place of the rootfs itself: a link that leads into /proc, /dev or /sys leads to the host's kernel at run time. */
export const resolveOnRootfs = (rootfs: string, path: string): E.Either<EffectFailure, Resolved> => {
  const resolved = resolveInRoot(rootfs, path)
  return E.isRight(resolved) && isOnKernelMount(resolved.right.inside)
    ? refused('unsafe-path', `${path} in the image leads to ${resolved.right.inside}`)
    : resolved
}

/**
 * A small file of the image as text; null where there is none. Never waits and never reads without end: what is
 * neither a file nor absent (a FIFO, a device), and what is larger than `most` bytes, is refused.
 */
export const readFileOfRootfs = (
  rootfs: string,
  path: string,
  most: number,
): E.Either<EffectFailure, string | null> => {
  const resolved = resolveOnRootfs(rootfs, path)
  if (E.isLeft(resolved)) return resolved
  const { outside, stats } = resolved.right
  if (stats === null) return E.right(null)
  if (!stats.isFile()) return refused('unsafe-path', `${path} in the image is not a file`)
  if (stats.size > most) return refused('unsafe-path', `${path} in the image is larger than ${most} bytes`)

  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants
  const fd = openSync(outside, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    const buffer = Buffer.allocUnsafe(fstatSync(fd).size)
    return E.right(buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, 0)).toString('utf8'))
  } finally {
    closeSync(fd)
  }
}
