import type { DomainEventOf, EventType } from '../../domain/events/catalogue.ts'
import type { ContainerId } from '../../domain/kernel/identifiers.ts'
import type { Recorded } from '../../domain/kernel/store.ts'
import type { ByReference } from '../by-reference.ts'
import type { Projection, Reader, Value, Writer } from '../projection.ts'
import { temporalTable } from '../temporal.ts'
import type { At } from '../temporal.ts'
import { asked, changes } from './container-view.ts'
import type { ContainerView } from './container-view.ts'

export type { ContainerView } from './container-view.ts'

const table = temporalTable<ContainerView, { name: string; created: string; status: string }>(
  'containers',
  {
    name: 'TEXT NOT NULL',
    /** The position that it was asked for at: the order of lists. */
    created: 'INTEGER NOT NULL',
    status: 'TEXT NOT NULL',
  },
  ['name'],
)

const put = (db: Writer, position: number, doc: ContainerView, created: number) =>
  table.supersede(db, position, doc.id, { name: doc.name, created, status: doc.status, doc })

/** What is gone is kept apart: there is ever more of it, and lists of what is there must not grow with it. */
const bury = (db: Writer, position: number, doc: ContainerView, created: number) => {
  table.supersede(db, position, doc.id, null)
  db.run(
    'INSERT OR REPLACE INTO removed_containers (key, name, created, removed, doc) VALUES (?, ?, ?, ?, ?)',
    doc.id,
    doc.name,
    created,
    position,
    JSON.stringify(doc),
  )
}

/** The containers that were gone at a moment and meet a condition, newest first. */
const removedContainers = (
  db: Reader,
  at: At,
  { where = '1', limit = -1 }: Readonly<{ where?: string; limit?: number }>,
  ...values: ReadonlyArray<Value>
): ReadonlyArray<ContainerView> =>
  db
    .all(
      `SELECT doc FROM removed_containers WHERE removed <= ? AND (${where}) ORDER BY created DESC LIMIT ?`,
      at === 'now' ? Number.MAX_SAFE_INTEGER : at,
      ...values,
      limit,
    )
    .map(({ doc }) => JSON.parse(doc as string) as ContainerView)

const createdAt = (db: Reader, id: string) =>
  db.get(`SELECT created FROM containers WHERE key = ? AND valid_to IS NULL`, id)?.['created'] as number

type Change = (recorded: Recorded<DomainEventOf<EventType>>) => Partial<ContainerView>

const change =
  (apply: Change) =>
  (db: Writer, recorded: Recorded<DomainEventOf<EventType>>): void => {
    if (!('container' in recorded.event)) return
    const before = table.get(db, recorded.event.container)
    if (before === null) return
    const { position } = recorded
    const after = { ...before, ...apply(recorded), position }
    const keep = after.status === 'removed' ? bury : put
    keep(db, position, after, createdAt(db, before.id))
  }

/** Every container there ever was, as of any position. */
export const containers: Projection = {
  name: 'containers',
  version: 2,
  categories: ['container'],
  tables: {
    containers: table.past,
    removed_containers: name => `SELECT * FROM ${name} WHERE removed <= ?1`,
  },
  schema: `${table.schema}
    CREATE TABLE removed_containers (
      key TEXT PRIMARY KEY, name TEXT NOT NULL, created INTEGER NOT NULL, removed INTEGER NOT NULL, doc TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX removed_containers_named ON removed_containers (name, created);
  `,
  when: {
    ContainerCreateRequested: (db, recorded) =>
      put(db, recorded.position, asked(recorded), recorded.position),
    ...(Object.fromEntries(
      Object.entries(changes).map(([type, apply]) => [type, change(apply as Change)]),
    ) as Projection['when']),
  },
}

export type ContainerList = Readonly<{ at: At; all: boolean; removed: boolean }>

/** Newest first; only what runs, unless `all`; with `removed` what is gone as well. */
export const listContainers =
  (db: Reader) =>
  ({ at, all, removed }: ContainerList): ReadonlyArray<ContainerView> => {
    const where = all || removed ? '1' : `status IN ('starting', 'running', 'paused')`
    const there = table.select(db, at, { where, order: 'created DESC' })
    return removed
      ? [...there, ...removedContainers(db, at, {})].toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
      : there
  }

/** A container by its id, its name, or a prefix of its id that only it has: of those that are there before those that are gone. */
export const containerByReference =
  (db: Reader) =>
  (reference: string, at: At): ByReference<ContainerView> => {
    if (/^[a-f0-9]{64}$/.test(reference)) {
      const whole =
        table.get(db, reference, at) ?? removedContainers(db, at, { where: 'key = ?' }, reference)[0]
      if (whole !== undefined) return { kind: 'found', found: whole }
    }

    const there = (where: string, limit: number, ...values: ReadonlyArray<Value>) =>
      table.select(db, at, { where, order: 'created DESC', limit }, ...values)
    const gone = (where: string, limit: number, ...values: ReadonlyArray<Value>) =>
      removedContainers(db, at, { where, limit }, ...values)
    for (const among of [there, gone]) {
      const [named] = among('name = ?', 1, reference)
      if (named !== undefined) return { kind: 'found', found: named }

      if (/^[a-f0-9]{1,63}$/.test(reference)) {
        const found = among('key >= ? AND key < ?', 3, reference, `${reference}g`)
        if (found.length === 1 && found[0] !== undefined) return { kind: 'found', found: found[0] }
        if (found.length > 1) return { kind: 'ambiguous', candidates: found.map(({ id }) => id) }
      }
    }
    return { kind: 'none' }
  }

/** The containers, of any state but removed, that were made from the image with this config: its layers may not go. */
export const containersUsing =
  (db: Reader) =>
  (config: string): ReadonlyArray<Readonly<{ id: ContainerId; name: string; status: string }>> =>
    table
      .select(db, 'now', {})
      .filter(({ image }) => image.config === config)
      .map(({ id, name, status }) => ({ id, name, status }))
