import type { Position } from '../domain/kernel/store.ts'
import type { Reader, Value, Writer } from './projection.ts'

/** When a query is to be true of: the position of an event, or now. */
export type At = Position | 'now'

/**
 * A table that knows its past. A row is valid in `[valid_from, valid_to)`, in positions of the log; what is valid now
 * has no `valid_to`. `doc` is the whole answer as JSON, the other columns are what is looked up or sorted by.
 *
 * What is valid now is found by partial indexes, which stay as small as the present is. What was valid at a position
 * is found by `node` (see `forkOf`), at a cost that follows what was valid then and not how long the history is.
 */
export const temporalTable = <Doc, Columns extends Readonly<Record<string, string>>>(
  name: string,
  columns: Columns,
  /** The columns that rows valid now are looked up by; each costs an index. */
  lookedUpBy: ReadonlyArray<keyof Columns & string> = Object.keys(columns),
) => {
  type Row = Readonly<{ [C in keyof Columns]: Value }>
  const names = Object.keys(columns)

  const schema = `
    CREATE TABLE ${name} (
      row INTEGER PRIMARY KEY,
      key TEXT NOT NULL,
      valid_from INTEGER NOT NULL,
      valid_to INTEGER,
      node INTEGER,
      ${names.map(column => `${column} ${columns[column]},`).join('\n      ')}
      doc TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX ${name}_by_key ON ${name} (key, valid_from);
    CREATE INDEX ${name}_now ON ${name} (key, valid_from) WHERE valid_to IS NULL;
    ${lookedUpBy.map(column => `CREATE INDEX ${name}_now_by_${column} ON ${name} (${column}) WHERE valid_to IS NULL;`).join('\n    ')}
    CREATE INDEX ${name}_then ON ${name} (node, valid_from, valid_to) WHERE valid_to IS NOT NULL;
  `

  const present = `SELECT row, valid_from FROM ${name} WHERE key = ? AND valid_to IS NULL`
  const close = `UPDATE ${name} SET valid_to = ?, node = ? WHERE row = ?`
  const drop = `DELETE FROM ${name} WHERE row = ?`
  const open = `INSERT INTO ${name} (key, valid_from, ${[...names, 'doc'].join(', ')})
    VALUES (?, ?${', ?'.repeat(names.length + 1)})`

  /** From this position on, the key has this row; or, with null, none. The last one said of a position counts. */
  const supersede = (db: Writer, position: Position, key: string, row: (Row & { doc: Doc }) | null): void => {
    const before = db.get(present, key) as { row: number; valid_from: Position } | undefined
    if (before?.valid_from === position) db.run(drop, before.row)
    else if (before !== undefined)
      db.run(close, position, forkOf(before.valid_from, position - 1), before.row)
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
    const { source, bound } = at === 'now' ? now : then(at)
    return db
      .all(`SELECT doc FROM ${source} AND (${where}) ORDER BY ${order} LIMIT ?`, ...bound, ...values, limit)
      .map(row => read(row) as Doc)
  }

  const now: Readonly<{ source: string; bound: ReadonlyArray<Value> }> = {
    source: `${name} WHERE valid_to IS NULL`,
    bound: [],
  }

  const then = (at: Position) => ({
    source: `(
      SELECT * FROM ${name} INDEXED BY ${name}_now WHERE valid_to IS NULL AND valid_from <= ?
      UNION ALL
      SELECT * FROM ${name} WHERE node IN (SELECT value FROM json_each(?)) AND valid_to IS NOT NULL AND valid_to > ?
      UNION ALL
      SELECT * FROM ${name} WHERE node IN (SELECT value FROM json_each(?)) AND valid_to IS NOT NULL AND valid_from <= ?
    ) WHERE 1`,
    bound: [at, JSON.stringify(forksUpTo(at)), at, JSON.stringify(forksBeyond(at)), at],
  })

  const get = (db: Reader, key: string, at: At = 'now'): Doc | null => {
    if (at === 'now') return read(db.get(`SELECT doc FROM ${name} WHERE key = ? AND valid_to IS NULL`, key))
    const newest = db.get(
      `SELECT doc, valid_to FROM ${name} WHERE key = ? AND valid_from <= ? ORDER BY valid_from DESC LIMIT 1`,
      key,
      at,
    )
    const end = newest?.['valid_to'] ?? null
    return end === null || Number(end) > at ? read(newest) : null
  }

  const past = (table: string) => `
    SELECT key, valid_from, iif(valid_to <= ?1, valid_to, NULL) AS valid_to, iif(valid_to <= ?1, node, NULL) AS node,
      ${[...names, 'doc'].join(', ')}
    FROM ${table} WHERE valid_from <= ?1`

  return { name, schema, past, supersede, select, get }
}

// A relational interval tree (Kriegel, Pötke, Seidl: "Managing Intervals Efficiently in Object-Relational Databases",
// VLDB 2000). Positions are the nodes of a binary tree by their trailing zeros: 1 3 5 7 are leaves, 2 is above 1 and 3,
// 4 above 2 and 6. An interval is kept at the highest node within it. All intervals around a position are then at that
// position or at one of the 52 nodes above it.

/** The node in `[first, last]` with the most trailing zeros. */
export const forkOf = (first: Position, last: Position): Position => {
  let fork = last
  for (let step = 2; ; step *= 2) {
    const candidate = last - (last % step)
    if (candidate < first || candidate === 0) return fork
    fork = candidate
  }
}

const above = (position: Position): ReadonlyArray<Position> => {
  const nodes: Array<Position> = []
  for (let half = 1; half < 2 ** 52; half *= 2)
    // A node is below those with more trailing zeros than it has itself.
    if (position % (half * 2) !== 0 && position % (half * 2) !== half)
      nodes.push(position - (position % (half * 2)) + half)
  return nodes
}

/** At or before the position: an interval kept there reaches the position if it ends after it. */
const forksUpTo = (position: Position) => [...above(position).filter(node => node < position), position]

/** After the position: an interval kept there reaches the position if it begins at or before it. */
const forksBeyond = (position: Position) => above(position).filter(node => node > position)
