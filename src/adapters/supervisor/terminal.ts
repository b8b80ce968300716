import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConsoleSize } from '../../domain/kernel/container-options.ts'

/** A flood of sizes is answered by its last one: conmon can end on the last but one when they come too fast (measured). */
const DEBOUNCE_MS = 20
/** The same again puts right what went wrong all the same. */
const AGAIN_MS = 150

const clamp = (n: number) => Math.max(0, Math.min(65_535, Math.trunc(n)))

/** Tells monitors the size of terminals, through the `ctl` FIFO in their directories. */
export const terminalSizes = () => {
  const waiting = new Map<string, NodeJS.Timeout>()

  const send = async (directory: string, size: ConsoleSize) => {
    try {
      const ctl = await open(join(directory, 'ctl'), constants.O_WRONLY | constants.O_NONBLOCK)
      try {
        await ctl.write(`1 ${clamp(size.rows)} ${clamp(size.columns)}\n`)
      } finally {
        await ctl.close()
      }
    } catch {
      // ENXIO, ENOENT: nobody reads it any more. Nobody waits for us either, and a size is not worth the daemon.
    }
  }

  return (directory: string, size: ConsoleSize): void => {
    clearTimeout(waiting.get(directory))
    const later = (milliseconds: number, then: () => void) =>
      waiting.set(directory, setTimeout(then, milliseconds).unref())
    later(DEBOUNCE_MS, () => {
      void send(directory, size)
      later(AGAIN_MS, () => {
        waiting.delete(directory)
        void send(directory, size)
      })
    })
  }
}
