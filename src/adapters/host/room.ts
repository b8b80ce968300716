import { statfsSync } from 'node:fs'

/** Bytes that may still be written to the file system that a path is on (statfs(2)). Throws where there is no such path. */
export const freeBytes = (path: string): number => {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}
