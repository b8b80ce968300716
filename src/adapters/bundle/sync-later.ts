import { open } from 'node:fs/promises'

/**
 * Makes files durable a while after they were written, off the path of a start: most containers of `run --rm` are
 * gone by then, and their files with them. A power failure before that loses a container's configuration, which
 * is found and said when it is started again.
 */
export const syncLater = (paths: ReadonlyArray<string>, delay = 2000): void => {
  setTimeout(() => void Promise.allSettled(paths.map(sync)), delay).unref()
}

const sync = async (path: string) => {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
