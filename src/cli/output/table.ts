import { harmless } from './colour.ts'

/** Columns as wide as what is in them; no trailing blanks. Cells are plain text. */
export const table = (
  header: ReadonlyArray<string> | null,
  rows: ReadonlyArray<ReadonlyArray<string>>,
): string => {
  const cells = (header === null ? rows : [header, ...rows]).map(row => row.map(oneLine))
  const widths: Array<number> = []
  for (const row of cells) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, width(cell))))
  return cells
    .map(
      row =>
        `${row
          .map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - width(cell)))
          .join('   ')
          .trimEnd()}\n`,
    )
    .join('')
}

const oneLine = (text: string) => harmless(text.replaceAll(/\s*\n\s*/g, ' '))

/** Code points; wide scripts in a table of names and numbers are rare enough. */
const width = (text: string) => {
  let count = 0
  for (const _ of text) count += 1
  return count
}

/** Cut to a length, with an ellipsis, as docker cuts commands. */
export const cut = (text: string, length: number): string => {
  const points = Array.from(text)
  return points.length <= length ? text : `${points.slice(0, length - 1).join('')}…`
}

export const shortId = (id: string): string => id.replace(/^sha256:/, '').slice(0, 12)
