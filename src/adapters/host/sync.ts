import { closeSync, openSync } from 'node:fs'
import { checked, libc } from './libc.ts'

/** syncfs(2): returns when everything written to the file system `path` is on has reached the disk. Throws SystemError. */
export const syncFilesystem = (path: string): void => {
  const fd = openSync(path, 'r')
  try {
    checked(libc.syncfs(fd), 'syncfs', path)
  } finally {
    closeSync(fd)
  }
}
