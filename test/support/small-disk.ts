import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code

/** Runs it until the disk has no more to give. */
const untilFull = (take: () => void) => {
  try {
    for (;;) take()
  } catch (error) {
    if (codeOf(error) !== 'ENOSPC') throw error
  }
}

type Shape = Readonly<{
  megabytes: number
  kind?: 'tmpfs' | 'ext4'
  /** How many files there can be; as many as the kind of file system thinks fit. */
  inodes?: number
}>

/** ext4 is kept in a file beside it: what becomes of that becomes of the disk. */
const mountAt = (path: string, { megabytes, kind = 'tmpfs', inodes }: Shape) => {
  if (kind === 'tmpfs') {
    const options = [`size=${megabytes}m`, ...(inodes === undefined ? [] : [`nr_inodes=${inodes}`])]
    execFileSync('mount', ['-t', 'tmpfs', '-o', options.join(','), 'tmpfs', path])
    return
  }
  const image = `${path}.img`
  closeSync(openSync(image, 'w'))
  truncateSync(image, megabytes * 2 ** 20)
  execFileSync('mkfs.ext4', [
    '-q',
    '-F',
    '-m',
    '0',
    ...(inodes === undefined ? [] : ['-N', `${inodes}`]),
    image,
  ])
  execFileSync('mount', ['-o', 'loop', image, path])
}

/**
 * A file system of a size, mounted on a directory that it makes; it can be filled to the last block, or to the last
 * inode, and emptied again. Unmounted with the scope. `image` is the file that an ext4 is kept in.
 */
export const smallDisk = (path: string, shape: Shape) => {
  mkdirSync(path, { recursive: true })
  mountAt(path, shape)
  const filler = join(path, 'filler')
  const files = join(path, 'files')
  return {
    path,
    image: `${path}.img`,
    fill: () => {
      const fd = openSync(filler, 'a')
      const { bsize } = statfsSync(path)
      try {
        for (const blocks of [256, 1]) untilFull(() => writeSync(fd, Buffer.alloc(blocks * bsize)))
      } finally {
        closeSync(fd)
      }
    },
    takeInodes: () => {
      mkdirSync(files)
      let count = 0
      untilFull(() => closeSync(openSync(join(files, `${count++}`), 'w')))
    },
    makeRoom: () => {
      for (const taken of [filler, files]) rmSync(taken, { recursive: true, force: true })
    },
    [Symbol.dispose]: () => {
      execFileSync('umount', ['-l', path])
      rmSync(`${path}.img`, { force: true })
    },
  }
}
