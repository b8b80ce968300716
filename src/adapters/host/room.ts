import { statfsSync } from 'node:fs'

/** What a file system can still take. */
export type Room = Readonly<{ bytes: number; files: number }>

/**
 * What may still be written to the file system that a path is on (statfs(2)); infinite where it has no limit of its own,
 * as a tmpfs can be made without one, and btrfs makes inodes as they are needed. Throws where there is no such path.
 */
export const roomAt = (path: string): Room => {
  const { blocks, bavail, bsize, files, ffree } = statfsSync(path)
  return {
    bytes: blocks === 0 ? Number.POSITIVE_INFINITY : bavail * bsize,
    files: files === 0 ? Number.POSITIVE_INFINITY : ffree,
  }
}
