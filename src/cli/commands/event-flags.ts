import { choice, flag, text, texts } from '../command.ts'
import { eventFilters, moments } from '../completion-sources.ts'
import { UsageError } from '../failure.ts'
import { lineFormats } from '../output/event-line.ts'
import type { LineFormat } from '../output/event-line.ts'

/** What `events` and `history` take: journalctl's names. */
export type EventFlags = Readonly<{
  follow?: boolean
  lines?: string
  reverse?: boolean
  output?: LineFormat
  outputFields?: string
  afterCursor?: string
  cursorFile?: string
  since?: string
  until?: string
  filter?: ReadonlyArray<string>
  json?: boolean
  format?: string
}>

export const eventFilterKeys = [
  'type',
  'category',
  'subject',
  'container',
  'image',
  'actor',
  'correlation',
  'stream',
] as const

export const eventFlags = {
  follow: flag('go on with what comes'),
  lines: text('the last N, or all', 'N'),
  reverse: flag('the newest first'),
  output: choice('how an event is written (short)', lineFormats),
  outputFields: text('with -o json: only these, with commas between them', 'FIELDS'),
  since: text('from then on', 'MOMENT', moments),
  until: text('up to then', 'MOMENT', moments),
  afterCursor: text('after that position (@1234)', 'CURSOR'),
  cursorFile: text('after the position in that file; the last one shown is put there', 'FILE'),
  filter: texts('only what matches', 'KEY=VALUE', eventFilters),
  format: text('json, or a template', 'FORMAT'),
  json: flag('objects, one a line; the same as -o json'),
} as const

export const eventAliases = { f: 'follow', n: 'lines', r: 'reverse', o: 'output' } as const

/** How many of the last are wanted; null is all. A follow begins with ten, as journalctl's does. */
export const wantedLines = ({ lines, follow, since, afterCursor, cursorFile }: EventFlags): number | null => {
  if (lines === 'all') return null
  if (lines === undefined)
    return follow === true && since === undefined && afterCursor === undefined && cursorFile === undefined
      ? 10
      : null
  if (!/^[0-9]{1,9}$/.test(lines)) throw new UsageError(`--lines "${lines}": it is a number, or all`)
  return Number(lines)
}

export const checkEventFlags = ({ follow, reverse }: EventFlags): void => {
  if (follow === true && reverse === true)
    throw new UsageError('-f and -r exclude each other: what comes has no end')
}
