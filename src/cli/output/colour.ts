import type { Io, StreamName } from '../io.ts'

/** Only on a terminal, and never where the environment or a flag says no (https://no-color.org). */
export const hasColour = (
  { env, isTerminal }: Pick<Io, 'env' | 'isTerminal'>,
  isRefused: boolean,
  stream: Exclude<StreamName, 'stdin'>,
): boolean =>
  !isRefused &&
  isTerminal(stream) &&
  env['TERM'] !== 'dumb' &&
  (env['NO_COLOR'] === undefined || env['NO_COLOR'] === '')

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const

export type Style = keyof typeof codes

/** Text in a style, or as it is. */
export const painter =
  (isOn: boolean) =>
  (style: Style, text: string): string =>
    isOn && text !== '' ? `\x1b[${codes[style][0]}m${text}\x1b[${codes[style][1]}m` : text

export type Paint = ReturnType<typeof painter>

/** Control characters, save for tab and newline: those are what this is about, hence not as literals. */
const controls = new RegExp('[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f]', 'g')

/** What a foreign name or text may not do to a terminal: control characters are shown, not sent. */
export const harmless = (text: string): string =>
  text.replaceAll(controls, c => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
