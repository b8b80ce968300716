import type { Position, StreamName } from '../../domain/kernel/store.ts'
import type { ByReference } from '../by-reference.ts'
import type { Projection, Reader, Value } from '../projection.ts'

/** What there is to know about any event without reading it. */
export type Moment = Readonly<{
  position: Position
  id: string
  type: string
  stream: StreamName
  correlationId: string
  causationId: string | null
  recordedAt: Date
}>

const columns = 'position, recorded_at, id, correlation, causation, stream, type'

/** Where every event stands, when it was recorded, and what led to it. */
export const timeline: Projection = {
  name: 'timeline',
  version: 1,
  categories: null,
  tables: { timeline: table => `SELECT * FROM ${table} WHERE position <= ?1` },
  schema: `
    CREATE TABLE timeline (
      position    INTEGER PRIMARY KEY,
      recorded_at INTEGER NOT NULL, -- milliseconds since 1970
      id          TEXT NOT NULL,
      correlation TEXT NOT NULL,
      causation   TEXT,
      stream      TEXT NOT NULL,
      type        TEXT NOT NULL
    ) STRICT;
    -- The beginning nearly always tells ids apart, and the index is a third as large.
    CREATE INDEX timeline_by_id ON timeline (substr(id, 1, 8));
    CREATE INDEX timeline_by_correlation ON timeline (correlation);
    CREATE INDEX timeline_by_time ON timeline (recorded_at);
  `,
  when: {},
  always: (db, { position, recordedAt, id, metadata, stream, event }) =>
    db.run(
      `INSERT INTO timeline (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?)`,
      position,
      recordedAt.getTime(),
      id,
      metadata.$correlationId,
      metadata.$causationId,
      stream,
      event.type,
    ),
}

/**
 * An event by its id, or by the beginning of one where that is unique. An id that is in the log twice (the same command
 * given again after its subject had moved on) means the first.
 */
export const eventById =
  (db: Reader) =>
  (idOrBeginning: string): ByReference<Moment> => {
    const beginning = idOrBeginning.toLowerCase()
    if (!/^[0-9a-f-]{1,36}$/.test(beginning)) return { kind: 'none' }
    // 'g' follows all that an id may contain.
    const start = beginning.slice(0, 8)
    const matching = 'substr(id, 1, 8) >= ? AND substr(id, 1, 8) < ? AND id >= ? AND id < ?'
    const range = [start, `${start}g`, beginning, `${beginning}g`]
    const ids = db.all(`SELECT DISTINCT id FROM timeline WHERE ${matching} ORDER BY id LIMIT 3`, ...range)
    if (ids.length > 1) return { kind: 'ambiguous', candidates: ids.map(({ id }) => id as string) }
    const row = db.get(
      `SELECT ${columns} FROM timeline WHERE ${matching} ORDER BY position LIMIT 1`,
      ...range,
    )
    return row === undefined ? { kind: 'none' } : { kind: 'found', found: toMoment(row) }
  }

/** Everything that one operation led to, in order. */
export const eventsOfOperation =
  (db: Reader) =>
  (correlationId: string): ReadonlyArray<Moment> =>
    db
      .all(`SELECT ${columns} FROM timeline WHERE correlation = ? ORDER BY position`, correlationId)
      .map(toMoment)

/**
 * Where the log stood at a time: the newest event recorded not later. 0 before the first. Where the clock was set back,
 * a time that came twice means the second.
 */
export const positionAt =
  (db: Reader) =>
  (time: Date): Position =>
    Number(
      db.get(
        `SELECT position FROM timeline WHERE recorded_at <= ? ORDER BY recorded_at DESC, position DESC LIMIT 1`,
        time.getTime(),
      )?.['position'] ?? 0,
    )

const toMoment = (row: Record<string, Value>): Moment => ({
  position: row['position'] as Position,
  id: row['id'] as string,
  type: row['type'] as string,
  stream: row['stream'] as StreamName,
  correlationId: row['correlation'] as string,
  causationId: row['causation'] as string | null,
  recordedAt: new Date(row['recorded_at'] as number),
})
