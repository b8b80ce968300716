import { closeSync, fstatSync, openSync, readSync, watch } from 'node:fs'

/** What a container wrote: bytes as they came, on which stream, and when (RFC 3339, to the nanosecond). */
export type Output = Readonly<{ stream: 'stdout' | 'stderr'; at: string; bytes: Buffer }>

export type ReadOutput = Readonly<{
  follow: boolean
  since: Date | null
  until: Date | null
  /** The last so many lines; null: all. */
  tail: number | null
  /** Resolves when nothing more will be written. */
  ended: Promise<unknown>
  signal: AbortSignal
}>

const SPACE = 32
const NEWLINE = 10
const LETTER_O = 111
const LETTER_F = 70
const PAGE = 1 << 18

/**
 * Takes conmon's log apart: `2026-11-24T10:00:00.000000000+00:00 stdout F text`, F where the text ended with a newline, P
 * where it did not (yet). Pieces may be cut anywhere; whatever they are, the same bytes come out.
 */
export const outputParser = () => {
  let rest: Buffer = Buffer.alloc(0)
  return (piece: Buffer): ReadonlyArray<Output> => {
    const text = rest.length === 0 ? piece : Buffer.concat([rest, piece])
    const outputs: Array<Output> = []
    let start = 0
    for (let end = text.indexOf(NEWLINE, start); end >= 0; end = text.indexOf(NEWLINE, start)) {
      const output = parseLine(text, start, end)
      if (output !== null) outputs.push(output)
      start = end + 1
    }
    // A copy: the piece may be somebody's buffer that is going to be used again.
    rest = start < text.length ? Buffer.from(text.subarray(start)) : Buffer.alloc(0)
    return outputs
  }
}

const parseLine = (text: Buffer, start: number, end: number): Output | null => {
  const space = text.indexOf(SPACE, start)
  if (space < 0 || space + 10 > end) return null
  const isWhole = text[space + 8] === LETTER_F
  const bytes = Buffer.from(text.subarray(space + 10, isWhole ? end + 1 : end))
  const stream = text[space + 4] === LETTER_O ? 'stdout' : 'stderr'
  return { stream, at: text.toString('latin1', start, space), bytes }
}

/** A container's output from the beginning of its log; with `follow`, until it has ended and all was read. */
export async function* readOutput(
  path: string,
  { follow, since, until, tail, ended, signal }: ReadOutput,
): AsyncGenerator<Output> {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && !follow) return
    throw error
  }
  const buffer = Buffer.allocUnsafe(PAGE)
  const parse = outputParser()
  let offset = tail === null ? 0 : offsetOfLast(fd, tail)
  const isWanted = ({ at }: Output) =>
    (since === null || new Date(at) >= since) && (until === null || new Date(at) <= until)

  const bell = ringsOf(path, ended, signal)
  try {
    for (;;) {
      // Asked before reading: what was written before the end is then read after it was known.
      const isOver = bell.isOver()
      let length = readSync(fd, buffer, 0, PAGE, offset)
      while (length > 0 && !signal.aborted) {
        offset += length
        for (const output of parse(buffer.subarray(0, length))) if (isWanted(output)) yield output
        length = readSync(fd, buffer, 0, PAGE, offset)
      }
      if (!follow || isOver || signal.aborted) return
      await bell.next()
    }
  } finally {
    bell.close()
    closeSync(fd)
  }
}

/** Rings when the file has changed, when nothing more will come, and when nobody is interested any more. */
const ringsOf = (path: string, ended: Promise<unknown>, signal: AbortSignal) => {
  let over = false
  let rung = false
  let wake: (() => void) | null = null
  const ring = () => {
    rung = true
    wake?.()
  }
  const watcher = watch(path, ring)
  watcher.on('error', ring)
  ended.finally(() => {
    over = true
    ring()
  })
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
      signal.removeEventListener('abort', ring)
    },
  }
}

/** Where the last `lines` lines begin, read from the end. A line is what ends with F; pieces of one belong together. */
const offsetOfLast = (fd: number, lines: number): number => {
  const size = fstatSync(fd).size
  const buffer = Buffer.allocUnsafe(PAGE)
  let found = 0
  let position = size
  let carry: Buffer = Buffer.alloc(0)
  while (position > 0) {
    const length = Math.min(PAGE, position)
    position -= length
    readSync(fd, buffer, 0, length, position)
    const text = Buffer.concat([buffer.subarray(0, length), carry])
    let end = text.length
    for (let newline = text.lastIndexOf(NEWLINE, end - 1); newline >= 0; ) {
      const start = newline + 1
      if (start < end && isWholeLine(text, start)) {
        if (found === lines) return position + startAfter(text, start)
        found += 1
      }
      end = newline
      newline = newline === 0 ? -1 : text.lastIndexOf(NEWLINE, newline - 1)
    }
    carry = Buffer.from(text.subarray(0, end + 1))
  }
  return 0
}

const isWholeLine = (text: Buffer, start: number) => {
  const space = text.indexOf(SPACE, start)
  return space >= 0 && text[space + 8] === LETTER_F
}

const startAfter = (text: Buffer, start: number) => text.indexOf(NEWLINE, start) + 1
