import { DatabaseSync } from 'node:sqlite'
import type { SQLInputValue, StatementSync } from 'node:sqlite'

// The only file that knows node:sqlite: its class is going to be renamed.

export type Value = string | number | bigint | null | Uint8Array

export type Sqlite = Disposable &
  Readonly<{
    path: string
    exec: (sql: string) => void
    run: (sql: string, ...params: ReadonlyArray<Value>) => void
    get: (sql: string, ...params: ReadonlyArray<Value>) => unknown
    all: (sql: string, ...params: ReadonlyArray<Value>) => ReadonlyArray<unknown>
    /** As `all`, but each row an array of its columns: a third cheaper for long pages. */
    rows: (sql: string, ...params: ReadonlyArray<Value>) => ReadonlyArray<ReadonlyArray<unknown>>
    /** All of the body or nothing; an exception rolls back and is thrown on. Within another one, a savepoint. */
    transaction: <A>(body: () => A) => A
  }>

export type Make = Readonly<{
  path: string
  /** Marks the file as ours: SQLite's application id, 32 bits. */
  applicationId: number
  /** What the file is, for people: "an event log". */
  what: string
  /** The version of the tables; files of a newer one are refused. */
  version: number
  pragmas: string
  /** Makes the tables in an empty file. */
  create: (db: Sqlite) => void
}>

/** A file that is there, to be looked at beside whoever writes to it. */
export type Look = Pick<Make, 'path' | 'applicationId' | 'what' | 'version'>

/** Before it, two connections that checkpoint at once could lose what was committed ("WAL-reset bug"). */
const oldestSqlite = [3, 51, 3] as const

const statementsKept = 256

/**
 * Opens the file, or makes it. Throws when it is not ours, is from a newer version, or SQLite is too old; the message
 * names the path.
 */
export const openSqlite = ({ path, applicationId, what, version, pragmas, create }: Make): Sqlite => {
  const db = explained(path, () => wrap(path))
  try {
    explained(path, () => {
      refuseOldSqlite(db)
      const found = stamp(db)
      if (found.applicationId !== applicationId && !found.empty) throw new Error(`not ${what} of shiplog`)
      if (found.version > version)
        throw new Error(`${what} of a newer shiplog (version ${found.version}, this one knows ${version})`)
      db.exec(pragmas)
      if (found.applicationId !== applicationId)
        db.transaction(() => {
          create(db)
          db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version}`)
        })
    })
    return db
  } catch (error) {
    db[Symbol.dispose]()
    throw error
  }
}

/** Throws when it is not there, not ours, or of another version. */
export const lookAtSqlite = ({ path, applicationId, what, version }: Look): Sqlite => {
  const db = explained(path, () => wrap(path, true))
  try {
    explained(path, () => {
      const found = stamp(db)
      if (found.applicationId !== applicationId) throw new Error(`not ${what} of shiplog`)
      if (found.version !== version)
        throw new Error(`${what} of version ${found.version}, and not ${version}`)
    })
    return db
  } catch (error) {
    db[Symbol.dispose]()
    throw error
  }
}

const wrap = (path: string, readOnly = false): Sqlite => {
  const db = new DatabaseSync(path, { timeout: 5_000, readOnly })
  const asObjects = statements(sql => db.prepare(sql))
  const asArrays = statements(sql => db.prepare(sql, { returnArrays: true }))
  const begin = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')

  return {
    path,
    exec: sql => db.exec(sql),
    run: (sql, ...params) => void asObjects(sql).run(...(params as ReadonlyArray<SQLInputValue>)),
    get: (sql, ...params) => asObjects(sql).get(...(params as ReadonlyArray<SQLInputValue>)),
    all: (sql, ...params) => asObjects(sql).all(...(params as ReadonlyArray<SQLInputValue>)),
    rows: (sql, ...params) =>
      asArrays(sql).all(...(params as ReadonlyArray<SQLInputValue>)) as unknown as ReadonlyArray<
        ReadonlyArray<unknown>
      >,
    transaction: body => {
      if (db.isTransaction) return savepoint(db, body)
      begin.run()
      try {
        const result = body()
        commit.run()
        return result
      } catch (error) {
        // Some errors (a full disk among them) have rolled back already.
        if (db.isTransaction) db.exec('ROLLBACK')
        throw error
      }
    },
    [Symbol.dispose]: () => {
      if (db.isOpen) db.close()
    },
  }
}

const savepoint = <A>(db: DatabaseSync, body: () => A): A => {
  db.exec('SAVEPOINT inner')
  try {
    const result = body()
    db.exec('RELEASE inner')
    return result
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK TO inner; RELEASE inner')
    throw error
  }
}

/** Prepared once each. When there are too many, the one prepared first goes: there are no more than that many texts. */
const statements = (prepare: (sql: string) => StatementSync) => {
  const kept = new Map<string, StatementSync>()
  return (sql: string): StatementSync => {
    const known = kept.get(sql)
    if (known !== undefined) return known
    const fresh = prepare(sql)
    kept.set(sql, fresh)
    if (kept.size > statementsKept) {
      const [oldest] = kept.keys()
      if (oldest !== undefined) kept.delete(oldest)
    }
    return fresh
  }
}

const refuseOldSqlite = (db: Sqlite) => {
  const { version } = db.get('SELECT sqlite_version() version') as { version: string }
  if (isOlderSqlite(version))
    throw new Error(
      `SQLite ${version} can lose what was committed; ${oldestSqlite.join('.')} or newer is needed`,
    )
}

export const isOlderSqlite = (version: string): boolean => {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  const [oldestMajor, oldestMinor, oldestPatch] = oldestSqlite
  if (major !== oldestMajor) return major < oldestMajor
  if (minor !== oldestMinor) return minor < oldestMinor
  return patch < oldestPatch
}

const stamp = (db: Sqlite) => {
  const { application_id } = db.get('PRAGMA application_id') as { application_id: number }
  const { user_version } = db.get('PRAGMA user_version') as { user_version: number }
  const { tables } = db.get('SELECT count(*) tables FROM sqlite_schema') as { tables: number }
  return { applicationId: application_id, version: user_version, empty: tables === 0 && application_id === 0 }
}

const explained = <A>(path: string, run: () => A): A => {
  try {
    return run()
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}${adviceOn(error)}`, { cause: error })
  }
}

/** Whether an exception says that a file of SQLite's is not what was written to it. */
export const isDamage = (error: unknown): boolean => {
  const { errcode, cause } = error as Readonly<{ errcode?: number; cause?: unknown }>
  return errcode === undefined ? cause !== undefined && isDamage(cause) : (errcode & 0xff) === corrupt
}

const corrupt = 11

/** What to add to the words of an exception by which a file could not be opened: what to try, where there is something. */
export const adviceOn = (error: unknown): string =>
  (error as Readonly<{ errcode?: number }>).errcode === full ? ' (try: make room, then start again)' : ''

const full = 13

/** Busy, input or output, full: the same may work later. */
const passing = new Set([5, 10, full])

/** Whether an exception is SQLite's about the state of the machine, not about what it was asked. */
export const mayPass = (error: unknown): boolean =>
  error instanceof Error &&
  'errcode' in error &&
  typeof error.errcode === 'number' &&
  // The low byte is the kind, the rest of it says more.
  passing.has(error.errcode & 0xff)
