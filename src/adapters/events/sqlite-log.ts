import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import type {
  AppendError,
  Appended,
  Metadata,
  Position,
  Recorded,
  Revision,
  Stored,
  StreamName,
  UnreadableHistory,
} from '../../domain/kernel/store.ts'
import { failpoint } from '../host/failpoint.ts'
import { envelope, serialised, unavailable } from './envelope.ts'
import type { Draft, Origin } from './envelope.ts'
import { followers } from './followers.ts'
import type { OpenedLog } from './opened-log.ts'
import { keepReserve } from './reserve.ts'
import { holdAlone } from './sole-owner.ts'
import { lookAtSqlite, openSqlite } from './sqlite.ts'
import type { Sqlite, Value } from './sqlite.ts'
import { Unreadable } from './unreadable.ts'

// These tables are stored for ever. A new version must read the old ones.
const tables = `
  CREATE TABLE log (id TEXT NOT NULL) STRICT;
  CREATE TABLE events (
    position    INTEGER PRIMARY KEY,
    stream      TEXT NOT NULL,
    revision    INTEGER NOT NULL,
    id          TEXT NOT NULL,
    recorded_at INTEGER NOT NULL, -- milliseconds since 1970
    data        TEXT NOT NULL,    -- the event, JSON
    metadata    TEXT NOT NULL,    -- JSON
    category    TEXT NOT NULL GENERATED ALWAYS AS (substr(stream, 1, instr(stream, '-') - 1)) VIRTUAL
  ) STRICT;
  CREATE UNIQUE INDEX events_by_stream ON events (stream, revision);
  CREATE INDEX events_by_category ON events (category, position);
`

const columns = 'position, stream, revision, id, recorded_at, data, metadata'
type Row = readonly [Position, StreamName, Revision, string, number, string, string]

/** What tells the file from others. */
const ours = { applicationId: 0x73_68_70_6c, what: 'an event log', version: 1 }

type Outcome = E.Either<AppendError, Appended<Stored>>
type Append = Readonly<{
  stream: StreamName
  expected: Revision
  drafts: ReadonlyArray<Draft>
  texts: ReadonlyArray<string>
  settle: (outcome: Outcome) => void
}>

/** Appends that share one transaction at most; more would keep everything else waiting. */
const groupLimit = 1_000

/**
 * The event log in one SQLite file.
 *
 * Positions are dense: the first event has 1, each next one more. All appends that were asked for in one turn of the
 * event loop are one transaction and one fsync; each succeeds or conflicts by itself, in the order they were asked
 * for. If that transaction fails (a full disk), each of them is told that nothing was written, and the next may work.
 *
 * One process owns the file (see `holdAlone`); others may read it while it does. Throws when it cannot be opened.
 */
export const openSqliteLog = ({ path, ...origin }: Origin & Readonly<{ path: string }>): OpenedLog => {
  using owned = new DisposableStack()
  owned.use(holdAlone(path))
  const db = owned.use(
    openSqlite({
      path,
      ...ours,
      pragmas: `
        PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 2000;
        PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -8000; PRAGMA trusted_schema = OFF`,
      create: db => {
        db.exec(tables)
        db.run('INSERT INTO log (id) VALUES (?)', randomUUID())
      },
    }),
  )
  owned.use(keepReserve(db))
  const { id } = db.get('SELECT id FROM log') as { id: string }
  let head = headOf(db)
  let isClosed = false

  const readers = followers({
    after: (position, { categories }, limit) =>
      page(db, { from: position, direction: 'forwards', limit, categories }),
    head: () => head,
  })

  let asked: Array<Append> = []

  const commit = () => {
    const group = asked.slice(0, groupLimit)
    asked = asked.slice(groupLimit)
    if (asked.length > 0) setImmediate(commit)
    if (group.length === 0) return

    for (const { drafts } of group) for (const { event } of drafts) failpoint(`append ${event.type}`)
    const recordedAt = origin.clock()
    const recorded: Array<Recorded<Stored>> = []
    const outcomes = attempt(path, () =>
      db.transaction(() => group.map(append => write(db, append, head, recordedAt, recorded))),
    )
    if (E.isLeft(outcomes)) {
      const { cause } = outcomes.left
      for (const { settle } of group) settle(E.left(unavailable(cause)))
      return
    }
    head += recorded.length
    for (const { event } of recorded) failpoint(`appended ${event.type}`)
    readers.tell(recorded)
    group.forEach(({ settle }, i) => settle(outcomes.right[i] as Outcome))
  }

  const ask = (append: Append) => {
    // Not a microtask: those who waited for the last commit need a few of those before they ask again.
    if (asked.length === 0) setImmediate(commit)
    asked.push(append)
  }

  const draft = envelope(origin)
  const resources = owned.move()

  return {
    id,

    load: (stream, after) => async () =>
      attempt(path, () => {
        const events = db
          .rows(
            `SELECT ${columns} FROM events WHERE stream = ? AND revision > ? ORDER BY revision`,
            stream,
            after,
          )
          .map(toRecorded)
        return { events, revision: events.at(-1)?.revision ?? newestRevision(db, stream) }
      }),

    append: (stream, expected, events, context) => () => {
      if (isClosed) return Promise.resolve(E.left(unavailable(`${path}: the log is closed`)))
      const texts = serialised(stream, events)
      if (E.isLeft(texts)) return Promise.resolve(texts)
      const drafts = draft(stream, expected, events, context)
      return new Promise(settle => ask({ stream, expected, drafts, texts: texts.right, settle }))
    },

    follow: readers.follow,

    read: query => async () => attempt(path, () => page(db, query)),

    head: () => head,

    [Symbol.asyncDispose]: async () => {
      if (isClosed) return
      isClosed = true
      while (asked.length > 0) commit()
      readers.close()
      resources.dispose()
    },
  }
}

/** A log to be read beside the process that owns it. */
export type ReadLog = Pick<OpenedLog, 'id' | 'read' | 'head'> & Disposable

/** Throws when it cannot be read. */
export const readSqliteLog = (path: string): ReadLog => {
  const db = lookAtSqlite({ path, ...ours })
  const { id } = db.get('SELECT id FROM log') as { id: string }
  return {
    id,
    read: query => async () => attempt(path, () => page(db, query)),
    head: () => headOf(db),
    [Symbol.dispose]: db[Symbol.dispose],
  }
}

const headOf = (db: Sqlite): Position =>
  (db.get('SELECT coalesce(max(position), 0) head FROM events') as { head: Position }).head

const newestRevision = (db: Sqlite, stream: StreamName): Revision =>
  (
    db.get('SELECT coalesce(max(revision), 0) revision FROM events WHERE stream = ?', stream) as {
      revision: Revision
    }
  ).revision

/** One append within the group's transaction: what it wrote is pushed to `recorded`. */
const write = (
  db: Sqlite,
  { stream, expected, drafts, texts }: Append,
  head: Position,
  recordedAt: Date,
  recorded: Array<Recorded<Stored>>,
): Outcome => {
  const newest = newestRevision(db, stream)
  if (newest !== expected) return repeated(db, stream, expected, drafts)

  const events = drafts.map((draft, i) => {
    const position = head + recorded.length + 1
    db.run(
      'INSERT INTO events (position, stream, revision, id, recorded_at, data, metadata) VALUES (?, ?, ?, ?, ?, ?, ?)',
      position,
      stream,
      draft.revision,
      draft.id,
      recordedAt.getTime(),
      texts[i] as string,
      JSON.stringify(draft.metadata),
    )
    const event = { ...draft, position, recordedAt }
    recorded.push(event)
    return event
  })
  return E.right({
    revision: expected + events.length,
    position: events.at(-1)?.position ?? head + recorded.length,
    events,
  })
}

/** The stream is elsewhere. If it stands where this append left it, the append came before: the answer is the same. */
const repeated = (
  db: Sqlite,
  stream: StreamName,
  expected: Revision,
  drafts: ReadonlyArray<Draft>,
): Outcome => {
  const events = db
    .rows(
      `SELECT ${columns} FROM events WHERE stream = ? AND revision > ? AND revision <= ? ORDER BY revision`,
      stream,
      expected,
      expected + drafts.length,
    )
    .map(toRecorded)
  const last = events.at(-1)
  return last !== undefined &&
    events.length === drafts.length &&
    drafts.every(({ id }, i) => id === events[i]?.id)
    ? E.right({ revision: last.revision, position: last.position, events })
    : E.left({ reason: 'version-conflict', stream })
}

type Query = Readonly<{
  from: Position
  direction: 'forwards' | 'backwards'
  limit: number
  categories: ReadonlyArray<string> | null
}>

const page = (db: Sqlite, { from, direction, limit, categories }: Query): ReadonlyArray<Recorded<Stored>> => {
  if (categories?.length === 0) return []
  const bound = direction === 'forwards' ? 'position > ?' : 'position < ?'
  const order = `ORDER BY position ${direction === 'forwards' ? 'ASC' : 'DESC'} LIMIT ?`
  const parameters: ReadonlyArray<Value> =
    categories === null ? [from] : [...new Set(categories)].flatMap(category => [category, from])
  // One ordered walk of the index for each category, merged: `category IN (…)` would sort all there is for each page.
  const selection =
    categories === null
      ? `SELECT ${columns} FROM events WHERE ${bound}`
      : [...new Set(categories)]
          .map(() => `SELECT ${columns} FROM events WHERE category = ? AND ${bound}`)
          .join(' UNION ALL ')
  return db.rows(`${selection} ${order}`, ...parameters, limit).map(toRecorded)
}

const toRecorded = (row: ReadonlyArray<unknown>): Recorded<Stored> => {
  const [position, stream, revision, id, recordedAt, data, metadata] = row as Row
  try {
    return {
      event: JSON.parse(data) as Stored,
      id,
      stream,
      revision,
      position,
      recordedAt: new Date(recordedAt),
      metadata: JSON.parse(metadata) as Metadata,
    }
  } catch (error) {
    throw new Unreadable(stream, `event ${id} at ${position}: ${(error as Error).message}`)
  }
}

const attempt = <A>(
  path: string,
  run: () => A,
): E.Either<UnreadableHistory | ReturnType<typeof unavailable>, A> => {
  try {
    return E.right(run())
  } catch (error) {
    return error instanceof Unreadable
      ? E.left({ reason: 'unreadable-history', stream: error.stream, cause: error.message })
      : E.left(unavailable(`${path}: ${(error as Error).message}`))
  }
}
