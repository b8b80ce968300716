import { rmSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import type { DomainEvent } from '../../domain/events/catalogue.ts'
import type { EventStore, Position } from '../../domain/kernel/store.ts'
import type { Past, Projection } from '../../projections/projection.ts'
import type { ProjectionReplay, TableReplay } from '../../projections/replayed.ts'
import { applied } from '../events/projector.ts'
import { orThrow } from '../events/reactor.ts'
import { openDatabase } from './database.ts'
import type { Database } from './database.ts'

type Parts = Readonly<{
  log: Pick<EventStore<DomainEvent>, 'read' | 'head'> & Readonly<{ id: string }>
  /** The file of the read models that are in use. It is only read. */
  models: string
  /** A file that is made, and removed again. */
  scratch: string
  projections: ReadonlyArray<Projection>
  /** Null: up to where the read models in use have read. */
  to: Position | null
}>

/** A page of the log is one transaction, and time for others in between. */
const pageSize = 1_000

const examplesShown = 5

/** Removes what `remake` made. */
export const discard = (scratch: string): void => {
  for (const suffix of ['', '-wal', '-shm']) rmSync(scratch + suffix, { force: true })
}

/** Read models in a file of their own, and the hand that leads them through the log. */
const begin = (scratch: string, { log, projections }: Pick<Parts, 'log' | 'projections'>) => {
  discard(scratch)
  const made = openDatabase(scratch, log)
  for (const projection of projections) made.prepare(projection)
  const reached = new Map<string, Position>()

  const readUpTo = async (end: (projection: Projection) => Position) => {
    const furthest = Math.max(0, ...projections.map(end))
    for (let from = Math.min(...projections.map(({ name }) => reached.get(name) ?? 0)); from < furthest; ) {
      const query = { from, direction: 'forwards', limit: pageSize, categories: null } as const
      const page = orThrow(await log.read(query)())
      const last = page.at(-1)?.position
      if (last === undefined) return
      made.transaction(() => {
        for (const projection of projections) {
          const [before, to] = [reached.get(projection.name) ?? 0, end(projection)]
          const isNews = ({ position }: Readonly<{ position: Position }>) =>
            position > before && position <= to
          const error = applied(made, projection, page.filter(isNews))
          if (error !== null) throw error
          reached.set(projection.name, Math.max(before, Math.min(last, to)))
        }
      })
      from = last
    }
  }

  return { made, readUpTo }
}

/** Makes read models again, from the whole log, in a file that is left there. Answers how far the log was read. */
export const remake = async (parts: Pick<Parts, 'log' | 'scratch' | 'projections'>): Promise<Position> => {
  const { made, readUpTo } = begin(parts.scratch, parts)
  using _ = made
  // What is recorded while the first reading goes on is read in the second, which is short.
  await readUpTo(() => parts.log.head())
  const head = parts.log.head()
  await readUpTo(() => head)
  return head
}

/** The rows of a projection, out of the attached file that `remake` made, in place of those that are there. */
export const adopt = (models: Database, { tables }: Projection): void => {
  for (const table of Object.keys(tables)) {
    models.run(`DELETE FROM main."${table}"`)
    models.run(`INSERT INTO main."${table}" SELECT * FROM made."${table}"`)
  }
}

/**
 * Makes read models again from the log, in a file of their own, and compares them with those in use, row by row.
 *
 * It reads the log and nothing else, and writes its own file and nothing else: no effect of an event can happen again.
 * Those in use go on meanwhile; they are looked at in one transaction, after the log was read once up to its end, so
 * that little is left to be read while that transaction keeps the file from being tidied.
 */
export const replay = async (parts: Parts): Promise<ReadonlyArray<ProjectionReplay>> => {
  const { models, scratch, projections, to } = parts
  const { made, readUpTo } = begin(scratch, parts)
  try {
    using _ = made
    made.run('ATTACH ? AS used', `${pathToFileURL(models).href}?mode=ro`)
    const endIn = (used: ReadonlyMap<string, Position>) => (projection: Projection) =>
      Math.min(to ?? Number.POSITIVE_INFINITY, used.get(projection.name) ?? 0)

    await readUpTo(endIn(positionsInUse(made)))
    made.run('BEGIN')
    const end = endIn(positionsInUse(made))
    await readUpTo(end)
    const result = projections.map(projection => compared(made, projection, end(projection), to === null))
    made.run('COMMIT')
    return result
  } finally {
    discard(scratch)
  }
}

const positionsInUse = (made: Database): ReadonlyMap<string, Position> =>
  new Map(
    made
      .all('SELECT name, position FROM used.projections')
      .map(({ name, position }) => [name as string, position as Position]),
  )

const compared = (
  made: Database,
  { name, version, tables }: Projection,
  position: Position,
  isPresent: boolean,
): ProjectionReplay => {
  const present: Past = table => `SELECT * FROM ${table} WHERE ?1 IS NOT NULL`
  const pasts = Object.entries(tables).map(
    ([table, past]) => [table, past ?? (isPresent ? present : null)] as const,
  )
  return {
    name,
    version,
    position,
    tables: pasts.flatMap(([table, past]) =>
      past === null ? [] : [comparedTable(made, table, past, position)],
    ),
    withoutPast: pasts.flatMap(([table, past]) => (past === null ? [table] : [])),
  }
}

const comparedTable = (
  made: Database,
  table: string,
  past: NonNullable<Past>,
  position: Position,
): TableReplay => {
  const [asTold, inUse] = [past(`main."${table}"`), past(`used."${table}"`)]
  const count = (sql: string) => Number(made.get(`SELECT count(*) rows FROM (${sql})`, position)?.['rows'])
  const [missing, unexpected] = [`${asTold} EXCEPT ${inUse}`, `${inUse} EXCEPT ${asTold}`]
  const examples = (is: 'missing' | 'unexpected', sql: string) =>
    made.all(`${sql} LIMIT ${examplesShown}`, position).map(row => ({ is, row }))
  return {
    table,
    rows: count(asTold),
    missing: count(missing),
    unexpected: count(unexpected),
    examples: [...examples('missing', missing), ...examples('unexpected', unexpected)],
  }
}
