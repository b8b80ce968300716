import { fstatSync, readSync } from 'node:fs'
import { endsLine, NEWLINE } from './output-parser.ts'

const PAGE = 1 << 16

/**
 * Where in the log the last `lines` lines of output begin, found from its end. What follows the last newline is a line,
 * too. Lines of the two streams are told apart by nothing but their ends, as they are on a terminal.
 */
export const offsetOfLast = (fd: number, lines: number): number => {
  // What follows the last newline is still being written: it is read whatever is asked for.
  let next: number | null = null
  let found = 0
  for (const start of lineStartsBackwards(fd, fstatSync(fd).size)) {
    const isEnd = next !== null && (found === 0 || endsLine(headAt(fd, start), 0))
    if (isEnd && found === lines) return next ?? start
    if (isEnd) found += 1
    next = start
  }
  return 0
}

/** A time, a stream and a letter are shorter than this. */
const HEAD = 64

const headAt = (fd: number, offset: number): Buffer => {
  const head = Buffer.alloc(HEAD)
  return head.subarray(0, readSync(fd, head, 0, HEAD, offset))
}

/** Where the log's lines begin, the last first: where the next one will begin. */
function* lineStartsBackwards(fd: number, size: number): Generator<number> {
  const buffer = Buffer.allocUnsafe(PAGE)
  for (let position = size; position > 0; ) {
    const length = Math.min(PAGE, position)
    position -= length
    readSync(fd, buffer, 0, length, position)
    const page = buffer.subarray(0, length)
    for (let at = page.lastIndexOf(NEWLINE); at >= 0; at = at === 0 ? -1 : page.lastIndexOf(NEWLINE, at - 1))
      yield position + at + 1
  }
  if (size > 0) yield 0
}
