import { UsageError } from '../failure.ts'
import type { Session } from '../io.ts'
import { table } from './table.ts'
import { template } from './template.ts'
import type { Template } from './template.ts'

export type FormatFlags = Readonly<{ format?: string; json?: boolean }>

export type ListFlags = FormatFlags & Readonly<{ quiet?: boolean; noTrunc?: boolean }>

/** How an answer is wanted: for people, as JSON, or by a template. */
export type Format = 'people' | 'json' | Template

/** Read before anything is asked, so that a wrong template costs no question. */
export const formatOf = ({ json = false, format }: FormatFlags): Format => {
  if (json && format !== undefined && format !== 'json')
    throw new UsageError('--json and --format ask for different things', 'leave one out')
  if (json || format === 'json') return 'json'
  return format === undefined || format === 'table' ? 'people' : template(format)
}

type Listing<Item> = Readonly<{
  items: ReadonlyArray<Item>
  /** What the answer is as of. */
  position: number
  row: (item: Item) => object
  id: (item: Item) => string
  /** Fields of a row, in the order of the table. */
  columns: ReadonlyArray<string>
  headers: Readonly<Record<string, string>>
}>

/** A list as it was asked for: ids, objects one a line, a template, or a table. */
export const printList = <Item extends object>(
  session: Session,
  format: Format,
  isQuiet: boolean,
  { items, row, id, columns, headers, position }: Listing<Item>,
): void => {
  if (isQuiet) return session.out(items.map(item => `${id(item)}\n`).join(''))
  if (format === 'json')
    return session.out(items.map(item => `${JSON.stringify({ ...item, asOf: position })}\n`).join(''))
  const rows = items.map(row) as ReadonlyArray<Readonly<Record<string, unknown>>>
  if (format !== 'people') return session.out(format.render(rows, headers))
  session.out(
    table(
      columns.map(column => headers[column] ?? column),
      rows.map(each => columns.map(column => String(each[column]))),
    ),
  )
  sayPosition(session, position)
}

/** For a person, who may want to follow from there; a program finds it in every object. */
export const sayPosition = (session: Session, position: number): void => {
  if (session.isTerminal('stdout') && session.isTerminal('stderr')) session.err(`as of @${position}\n`)
}
