import { rmSync } from 'node:fs'
import type { Position, StreamName } from '../../domain/kernel/store.ts'
import type { Projection, Value, Writer } from '../../projections/projection.ts'
import type { Stories, Story } from '../events/process-runner.ts'
import type { ReadModels } from '../events/projector.ts'
import type { Checkpoint, Checkpoints } from '../events/reactor.ts'
import { keepReserve } from '../events/reserve.ts'
import { isDamage, openSqlite } from '../events/sqlite.ts'
import type { Sqlite } from '../events/sqlite.ts'

/** Raise it when a table below changes, or the state of a process: the whole file is then made anew. */
const layout = 2

const tables = `
  CREATE TABLE source (log_id TEXT NOT NULL, layout INTEGER NOT NULL) STRICT;
  CREATE TABLE projections (
    name TEXT PRIMARY KEY, version INTEGER NOT NULL, position INTEGER NOT NULL, tables TEXT NOT NULL
  ) STRICT;
  CREATE TABLE reactors (name TEXT PRIMARY KEY, position INTEGER NOT NULL, pending TEXT NOT NULL) STRICT;
  CREATE TABLE processes (name TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT;
  CREATE TABLE stories (
    process TEXT NOT NULL, id TEXT NOT NULL, story TEXT NOT NULL, PRIMARY KEY (process, id)
  ) STRICT;
`

/** The log that everything in the file was made from. */
export type Source = Readonly<{ id: string; head: () => Position }>

export type Database = ReadModels &
  Disposable &
  Readonly<{
    checkpoints: Checkpoints
    stories: Stories
    /** Has `use` called with another file of ours attached as `made`. */
    beside: <A>(path: string, use: () => A) => A
    /** Why the file was thrown away and begun again; null when it was not. */
    begunAgain: string | null
  }>

/**
 * What is remembered of the log: read models, and how far reactors and processes have read. It can always be made
 * again from the log; so a file that was made from another log, has seen events that the log does not have (it was put
 * back from an older copy), or has another layout, or is damaged, is thrown away. A file that is not ours is refused.
 */
export const openDatabase = (path: string, log: Source): Database => {
  const found = ofUse(path, log)
  if (typeof found !== 'string') return databaseOn(found, null)
  for (const suffix of ['', '-wal', '-shm']) if (path !== ':memory:') rmSync(path + suffix, { force: true })
  return databaseOn(open(path, log), found)
}

/** The file, or why it is of no use. */
const ofUse = (path: string, log: Source): Sqlite | string => {
  let found: Sqlite | null = null
  try {
    found = open(path, log)
    const reason = whyUseless(found, log)
    if (reason === null) return found
    found[Symbol.dispose]()
    return reason
  } catch (error) {
    found?.[Symbol.dispose]()
    if (!isDamage(error)) throw error
    return `it is damaged: ${(error as Error).message}`
  }
}

const open = (path: string, { id }: Source): Sqlite =>
  openSqlite({
    path,
    applicationId: 0x73_68_72_6d,
    what: 'a database of read models',
    version: 1,
    // NORMAL: what the last moments before a power cut changed may be missing, never half there; the log has it.
    pragmas: `
      PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000;
      PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY;
      PRAGMA trusted_schema = OFF`,
    create: db => {
      db.exec(tables)
      db.run('INSERT INTO source (log_id, layout) VALUES (?, ?)', id, layout)
    },
  })

const whyUseless = (db: Sqlite, { id, head }: Source): string | null => {
  const source = db.get('SELECT * FROM source') as { log_id: string; layout: number } | undefined
  if (source?.layout !== layout) return 'it has the layout of another version'
  if (source.log_id !== id) return `it was made from another log (${source.log_id}, this one is ${id})`
  const { furthest } = db.get(`
    SELECT coalesce(max(position), 0) furthest FROM
      (SELECT position FROM projections UNION ALL SELECT position FROM reactors UNION ALL SELECT position FROM processes)
  `) as { furthest: Position }
  return furthest > head() ? `it has read up to ${furthest}, and the log ends at ${head()}` : null
}

const databaseOn = (db: Sqlite, begunAgain: string | null): Database => {
  const reserve = keepReserve(db)
  const writer: Writer = {
    run: db.run,
    all: (sql, ...values) => db.all(sql, ...values) as ReadonlyArray<Record<string, Value>>,
    get: (sql, ...values) => db.get(sql, ...values) as Record<string, Value> | undefined,
  }
  return {
    ...writer,
    transaction: db.transaction,
    prepare: projection => prepare(db, projection),
    advance: (name, position) => db.run('UPDATE projections SET position = ? WHERE name = ?', position, name),
    checkpoints: checkpointsIn(db),
    stories: storiesIn(db),
    beside: (path, use) => {
      db.run('ATTACH ? AS made', path)
      try {
        return use()
      } finally {
        db.run('DETACH made')
      }
    },
    begunAgain,
    [Symbol.dispose]: () => {
      reserve[Symbol.dispose]()
      db[Symbol.dispose]()
    },
  }
}

const prepare = (db: Sqlite, { name, version, schema, tables }: Projection): Position =>
  db.transaction(() => {
    const saved = db.get('SELECT version, position, tables FROM projections WHERE name = ?', name) as
      | { version: number; position: Position; tables: string }
      | undefined
    if (saved?.version === version) return saved.position

    const before = saved === undefined ? [] : (JSON.parse(saved.tables) as ReadonlyArray<string>)
    for (const table of new Set([...before, ...Object.keys(tables)]))
      db.exec(`DROP TABLE IF EXISTS "${table}"`)
    db.exec(schema)
    db.run(
      'INSERT OR REPLACE INTO projections (name, version, position, tables) VALUES (?, ?, 0, ?)',
      name,
      version,
      JSON.stringify(Object.keys(tables)),
    )
    return 0
  })

const checkpointsIn = (db: Sqlite): Checkpoints => ({
  read: name => {
    const saved = db.get('SELECT position, pending FROM reactors WHERE name = ?', name) as
      | { position: Position; pending: string }
      | undefined
    return saved === undefined
      ? { position: 0, pending: [] }
      : {
          position: saved.position,
          pending: JSON.parse(saved.pending) as Checkpoint['pending'],
        }
  },
  write: (name, { position, pending }) =>
    db.run(
      'INSERT OR REPLACE INTO reactors (name, position, pending) VALUES (?, ?, ?)',
      name,
      position,
      JSON.stringify(pending satisfies ReadonlyArray<{ stream: StreamName; eventId: string }>),
    ),
})

const storiesIn = (db: Sqlite): Stories => ({
  load: <State>(process: string) => {
    const saved = db.get('SELECT position FROM processes WHERE name = ?', process) as
      | { position: Position }
      | undefined
    const rows = db.rows('SELECT id, story FROM stories WHERE process = ?', process) as ReadonlyArray<
      [string, string]
    >
    return {
      position: saved?.position ?? 0,
      stories: new Map(rows.map(([id, story]) => [id, JSON.parse(story) as Story<State>])),
    }
  },
  save: (process, position, changed) =>
    db.transaction(() => {
      for (const [id, story] of changed)
        if (story === null) db.run('DELETE FROM stories WHERE process = ? AND id = ?', process, id)
        else
          db.run(
            'INSERT OR REPLACE INTO stories (process, id, story) VALUES (?, ?, ?)',
            process,
            id,
            JSON.stringify(story),
          )
      db.run('INSERT OR REPLACE INTO processes (name, position) VALUES (?, ?)', process, position)
    }),
})
