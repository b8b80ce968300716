/** What a container wrote: bytes as they came, on which stream, and when (RFC 3339, UTC, to the nanosecond). */
export type Output = Readonly<{
  stream: 'stdout' | 'stderr'
  at: string
  bytes: Buffer
  /** Where in the log the next one begins. */
  next: number
}>

/** conmon's lines have 8 KiB at most. What is longer was not written by it: zeros, where a disk was lost. */
const LONGEST = 1 << 24

const SPACE = 32
export const NEWLINE = 10
const LETTER_O = 111
const LETTER_F = 70
const LETTER_P = 80

/**
 * Takes conmon's log apart: `2026-11-24T10:00:00.000000000+00:00 stdout F text`, F where the text ended with a newline,
 * P where it did not (yet). Pieces may be cut anywhere; whatever they are, the same bytes come out. `offset` is where
 * the first piece is in the log, which has to be where a line of it begins.
 */
export const outputParser = (offset = 0) => {
  /** Of a line whose end has not come: kept in pieces, so that a long one is joined once. */
  let unfinished: Array<Buffer> = []
  let length = 0
  let position = offset

  return (piece: Buffer): ReadonlyArray<Output> => {
    const outputs: Array<Output> = []
    let start = 0
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, start)) {
      const line =
        unfinished.length === 0
          ? piece.subarray(start, end + 1)
          : Buffer.concat([...unfinished, piece.subarray(start, end + 1)])
      const isLine = length <= LONGEST
      unfinished = []
      length = 0
      start = end + 1
      if (!isLine) continue
      const output = parseLine(line, position + start)
      if (output !== null) outputs.push(output)
    }
    position += piece.length
    // A copy: the piece may be somebody's buffer that is going to be used again.
    if (start < piece.length) {
      length += piece.length - start
      if (length <= LONGEST) unfinished.push(Buffer.from(piece.subarray(start)))
      else unfinished = []
    }
    return outputs
  }
}

/** With its newline. A line that makes no sense (the disk was full) is nobody's output. */
const parseLine = (line: Buffer, next: number): Output | null => {
  const space = line.indexOf(SPACE)
  // After the time come ` stdout F ` or ` stderr P `: ten bytes.
  if (space < 0 || space + 10 >= line.length) return null
  const letter = line[space + 8]
  if (line[space + 7] !== SPACE || line[space + 9] !== SPACE || (letter !== LETTER_F && letter !== LETTER_P))
    return null
  const bytes = line.subarray(space + 10, letter === LETTER_F ? line.length : -1)
  const stream = line[space + 4] === LETTER_O ? 'stdout' : 'stderr'
  return { stream, at: line.toString('latin1', 0, space), bytes: Buffer.from(bytes), next }
}

/** Whether the line of the log at `start` ends a line of the output. */
export const endsLine = (log: Buffer, start: number): boolean => {
  const space = log.indexOf(SPACE, start)
  return space >= 0 && log[space + 8] === LETTER_F
}
