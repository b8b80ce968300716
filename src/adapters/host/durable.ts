import { open } from 'node:fs/promises'

/** Resolves when these files and directories are on the disk, with what is in them by now. Rejects with their errors. */
export const durable = async (paths: ReadonlyArray<string>): Promise<void> => {
  await Promise.all(paths.map(sync))
}

const sync = async (path: string) => {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
