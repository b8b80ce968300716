import { closeSync, existsSync, fstatSync, openSync, readSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { outputParser } from './output-parser.ts'
import type { Output } from './output-parser.ts'
import { offsetOfLast } from './output-tail.ts'

export type { Output } from './output-parser.ts'

export type ReadOutput = Readonly<{
  /** Goes on until `ended`, and waits for the log where there is none yet. */
  follow: boolean
  since: Date | null
  until: Date | null
  /** The last so many lines, of both streams together; null: all. */
  tail: number | null
  /** One of the two; absent: both. */
  stream?: 'stdout' | 'stderr'
  /** Where to go on: `next` of what was read last. It is then taken instead of `tail`. */
  from?: number
  /** Resolves when nothing more will be written. */
  ended: Promise<unknown>
  signal: AbortSignal
}>

const PAGE = 1 << 18

/** What setTimeout takes: 24 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * A container's output from its log, byte for byte; with `follow`, until it has ended and all was read. A reader that
 * does not keep up makes nobody wait: the log is on disk.
 */
export async function* readOutput(path: string, options: ReadOutput): AsyncGenerator<Output> {
  const { follow, tail, stream, signal, from = null } = options
  const isWanted = within(options)
  const bell = follow ? ringsOf(path, options) : null
  let fd: number | null = null
  try {
    while ((fd = openIfThere(path)) === null) {
      if (bell === null || bell.isOver() || signal.aborted) return
      await bell.next()
    }
    let offset = from ?? (tail === null ? 0 : offsetOfLast(fd, tail))
    const parse = outputParser(offset)
    const buffer = Buffer.allocUnsafe(PAGE)
    for (;;) {
      // Asked before reading: what was written before the end is then read after it was known.
      const isOver = bell === null || bell.isOver()
      let length = readSync(fd, buffer, 0, PAGE, offset)
      while (length > 0 && !signal.aborted) {
        offset += length
        for (const output of parse(buffer.subarray(0, length))) {
          const wanted = isWanted(output.at)
          if (wanted === 'too-late') return
          if (wanted && (stream === undefined || stream === output.stream)) yield output
        }
        length = readSync(fd, buffer, 0, PAGE, offset)
      }
      if (isOver || signal.aborted) return
      await bell.next()
    }
  } finally {
    bell?.close()
    if (fd !== null) closeSync(fd)
  }
}

const openIfThere = (path: string): number | null => {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Times in the log are all of one form and zone (UTC), so that they compare as text, to the nanosecond. */
const within = ({ since, until }: Pick<ReadOutput, 'since' | 'until'>) => {
  const first = since === null ? '' : since.toISOString().slice(0, -1)
  const last = until === null ? null : `${until.toISOString().slice(0, -1)}000000`
  return (at: string): boolean | 'too-late' =>
    last !== null && at.slice(0, 29) > last ? 'too-late' : at >= first
}

/** Rings when the file has changed, when nothing more will come, and when nobody is interested any more. */
const ringsOf = (path: string, { until, ended, signal }: ReadOutput) => {
  let over = false
  let rung = false
  let wake: (() => void) | null = null
  const ring = () => {
    rung = true
    wake?.()
  }
  const name = basename(path)
  // A file that is not there yet cannot be watched; its directory can.
  const watcher = existsSync(path)
    ? watch(path, ring)
    : watch(dirname(path), (_, changed) => (changed === null || changed === name ? ring() : undefined))
  watcher.on('error', ring)
  const finish = () => {
    over = true
    ring()
  }
  ended.then(finish, finish)
  const wait = until === null ? null : Math.min(until.getTime() - Date.now(), LONGEST_TIMER_MS)
  const deadline = wait === null ? undefined : setTimeout(finish, wait)
  signal.addEventListener('abort', ring, { once: true })
  return {
    isOver: () => over,
    next: async () => {
      if (!rung)
        await new Promise<void>(resolve => {
          wake = resolve
        })
      rung = false
      wake = null
    },
    close: () => {
      watcher.close()
      clearTimeout(deadline)
      signal.removeEventListener('abort', ring)
    },
  }
}

/** How long the log is: what a run writes that begins now comes after it. */
export const outputLength = (path: string): number => {
  const fd = openIfThere(path)
  if (fd === null) return 0
  try {
    return fstatSync(fd).size
  } finally {
    closeSync(fd)
  }
}
