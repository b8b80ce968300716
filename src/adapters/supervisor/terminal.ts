import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConsoleSize } from '../../domain/kernel/container-options.ts'

/** A flood of sizes is answered by its last one: conmon can end on the last but one when they come too fast (measured). */
const DEBOUNCE_MS = 20

const clamp = (n: number) => Math.max(0, Math.min(65_535, Math.trunc(n)))

/** Tells monitors the size of terminals, through the `ctl` FIFO in their directories. */
export const terminalSizes = () => {
  const waiting = new Map<string, { size: ConsoleSize; timer: NodeJS.Timeout }>()

  const send = async (directory: string) => {
    const size = waiting.get(directory)?.size
    waiting.delete(directory)
    if (size === undefined) return
    try {
      const ctl = await open(join(directory, 'ctl'), constants.O_WRONLY | constants.O_NONBLOCK)
      try {
        await ctl.write(`1 ${clamp(size.rows)} ${clamp(size.columns)}\n`)
      } finally {
        await ctl.close()
      }
    } catch (error) {
      // ENXIO, ENOENT: nobody reads it any more; there is no terminal left to be resized.
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENXIO' && code !== 'ENOENT') throw error
    }
  }

  return (directory: string, size: ConsoleSize): void => {
    clearTimeout(waiting.get(directory)?.timer)
    const timer = setTimeout(() => void send(directory), DEBOUNCE_MS)
    waiting.set(directory, { size, timer })
  }
}
