import type { Position } from '../domain/kernel/store.ts'
import type { Reader, Value, Writer } from './projection.ts'

/** When a query is to be true of: the position of an event, or now. */
export type At = Position | 'now'

/**
 * A table that knows its past. A row is valid in `[valid_from, valid_to)`, in positions of the log; what is valid now
 * has no `valid_to`. `doc` is the whole answer as JSON, the other columns are what is looked up or sorted by.
 */
export const temporalTable = <Doc, Columns extends Readonly<Record<string, string>>>(
  name: string,
  columns: Columns,
) => {
  type Row = Readonly<{ [C in keyof Columns]: Value }>
  const names = Object.keys(columns)

  const schema = `
    CREATE TABLE ${name} (
      key TEXT NOT NULL,
      valid_from INTEGER NOT NULL,
      valid_to INTEGER,
      ${names.map(column => `${column} ${columns[column]},`).join('\n      ')}
      doc TEXT NOT NULL,
      PRIMARY KEY (key, valid_from)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX ${name}_now ON ${name} (key) WHERE valid_to IS NULL;
    CREATE INDEX ${name}_then ON ${name} (valid_from, valid_to) WHERE valid_to IS NOT NULL;
  `

  const close = `UPDATE ${name} SET valid_to = ? WHERE key = ? AND valid_to IS NULL AND valid_from < ?`
  const drop = `DELETE FROM ${name} WHERE key = ? AND valid_to IS NULL AND valid_from = ?`
  const open = `INSERT INTO ${name} (key, valid_from, valid_to, ${[...names, 'doc'].join(', ')})
    VALUES (?, ?, NULL${', ?'.repeat(names.length + 1)})`

  /** From this position on, the key has this row; or, with null, none. */
  const supersede = (db: Writer, position: Position, key: string, row: (Row & { doc: Doc }) | null): void => {
    db.run(drop, key, position)
    db.run(close, position, key, position)
    if (row === null) return
    db.run(open, key, position, ...names.map(column => row[column] as Value), JSON.stringify(row.doc))
  }

  const read = (row: Record<string, Value> | undefined): Doc | null =>
    row === undefined ? null : (JSON.parse(row['doc'] as string) as Doc)

  /** The rows valid at a moment that also meet a condition on the columns, in the given order. */
  const select = (
    db: Reader,
    at: At,
    { where = '1', order = 'key', limit = -1 }: Readonly<{ where?: string; order?: string; limit?: number }>,
    ...values: ReadonlyArray<Value>
  ): ReadonlyArray<Doc> => {
    const valid = at === 'now' ? 'valid_to IS NULL' : 'valid_from <= ? AND (valid_to IS NULL OR valid_to > ?)'
    return db
      .all(
        `SELECT doc FROM ${name} WHERE ${valid} AND (${where}) ORDER BY ${order} LIMIT ?`,
        ...(at === 'now' ? [] : [at, at]),
        ...values,
        limit,
      )
      .map(row => read(row) as Doc)
  }

  const get = (db: Reader, key: string, at: At = 'now'): Doc | null =>
    at === 'now'
      ? read(db.get(`SELECT doc FROM ${name} WHERE key = ? AND valid_to IS NULL`, key))
      : read(
          db.get(
            `SELECT doc FROM ${name} WHERE key = ? AND valid_from <= ? AND (valid_to IS NULL OR valid_to > ?)`,
            key,
            at,
            at,
          ),
        )

  return { name, schema, supersede, select, get }
}
