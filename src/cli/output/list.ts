import { UsageError } from '../failure.ts'
import type { Session } from '../io.ts'
import { table } from './table.ts'
import { template } from './template.ts'

export type ListFlags = Readonly<{ format?: string; json?: boolean; quiet?: boolean; noTrunc?: boolean }>

type Listing<Item> = Readonly<{
  items: ReadonlyArray<Item>
  /** What the answer is as of. */
  position: number
  row: (item: Item) => Readonly<Record<string, unknown>>
  id: (item: Item) => string
  /** Fields of a row, in the order of the table. */
  columns: ReadonlyArray<string>
  headers: Readonly<Record<string, string>>
}>

/** A list as it was asked for: ids, objects one a line, a template, or a table. */
export const printList = <Item extends object>(
  session: Session,
  flags: ListFlags,
  listing: Listing<Item>,
): void => {
  const { items, row, id, columns, headers, position } = listing
  if (flags.quiet === true) return session.out(items.map(item => `${id(item)}\n`).join(''))
  if (isJson(flags))
    return session.out(items.map(item => `${JSON.stringify({ ...item, asOf: position })}\n`).join(''))
  const rows = items.map(row)
  if (flags.format !== undefined && flags.format !== 'table') {
    session.out(template(flags.format).render(rows, headers))
    return
  }
  session.out(
    table(
      columns.map(column => headers[column] ?? column),
      rows.map(each => columns.map(column => String(each[column]))),
    ),
  )
  sayPosition(session, position)
}

export const isJson = ({ json, format }: ListFlags): boolean => {
  if (json === true && format !== undefined && format !== 'json')
    throw new UsageError('--json and --format ask for different things', 'leave one out')
  return json === true || format === 'json'
}

/** For a person, who may want to follow from there; a program finds it in every object. */
export const sayPosition = (session: Session, position: number): void => {
  if (session.isTerminal('stdout') && session.isTerminal('stderr')) session.err(`as of @${position}\n`)
}
