import type { DomainEventOf, EventType } from '../../domain/events/catalogue.ts'
import type { ContainerId } from '../../domain/kernel/identifiers.ts'
import type { Recorded } from '../../domain/kernel/store.ts'
import type { Projection, Reader, Writer } from '../projection.ts'
import { temporalTable } from '../temporal.ts'
import type { At } from '../temporal.ts'
import { asked, changes } from './container-view.ts'
import type { ContainerView } from './container-view.ts'

export type { ContainerView } from './container-view.ts'

const table = temporalTable<ContainerView, { name: string; created: string; status: string }>('containers', {
  name: 'TEXT NOT NULL',
  /** The position that it was asked for at: the order of lists. */
  created: 'INTEGER NOT NULL',
  status: 'TEXT NOT NULL',
})

const put = (db: Writer, position: number, doc: ContainerView, created: number) =>
  table.supersede(db, position, doc.id, { name: doc.name, created, status: doc.status, doc })

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
    put(db, position, { ...before, ...apply(recorded), position }, createdAt(db, before.id))
  }

/** Every container there ever was, as of any position. */
export const containers: Projection = {
  name: 'containers',
  version: 1,
  categories: ['container'],
  tables: ['containers'],
  schema: `${table.schema}
    CREATE INDEX containers_live ON containers (created) WHERE valid_to IS NULL AND status <> 'removed';
    CREATE INDEX containers_named ON containers (name, created) WHERE valid_to IS NULL;
    CREATE INDEX containers_created ON containers (created) WHERE valid_to IS NULL;
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
    const running = `status IN ('starting', 'running', 'paused')`
    const where = removed ? '1' : `status <> 'removed'${all ? '' : ` AND ${running}`}`
    return table.select(db, at, { where, order: 'created DESC' })
  }

export type ByReference<A> =
  | Readonly<{ kind: 'found'; found: A }>
  | Readonly<{ kind: 'ambiguous'; candidates: ReadonlyArray<string> }>
  | Readonly<{ kind: 'none' }>

/** A container by its id, its name, or a prefix of its id that only it has: of those that are there before those that are gone. */
export const containerByReference =
  (db: Reader) =>
  (reference: string, at: At): ByReference<ContainerView> => {
    const whole = /^[a-f0-9]{64}$/.test(reference) ? table.get(db, reference, at) : null
    if (whole !== null) return { kind: 'found', found: whole }

    const one = { order: 'created DESC', limit: 1 }
    for (const presence of [`status <> 'removed'`, `status = 'removed'`]) {
      const [named] = table.select(db, at, { where: `name = ? AND ${presence}`, ...one }, reference)
      if (named !== undefined) return { kind: 'found', found: named }

      if (/^[a-f0-9]{1,63}$/.test(reference)) {
        const range = { where: `key >= ? AND key < ? AND ${presence}`, order: 'key', limit: 3 }
        const found = table.select(db, at, range, reference, `${reference}g`)
        if (found.length === 1 && found[0] !== undefined) return { kind: 'found', found: found[0] }
        if (found.length > 1) return { kind: 'ambiguous', candidates: found.map(({ id }) => id) }
      }
    }
    return { kind: 'none' }
  }

/** Layers that a container of any state but removed stands on: they may not go. */
export const containersUsing =
  (db: Reader) =>
  (config: string): ReadonlyArray<Readonly<{ id: ContainerId; name: string; status: string }>> =>
    table
      .select(db, 'now', { where: `status <> 'removed'` })
      .filter(({ image }) => image.config === config)
      .map(({ id, name, status }) => ({ id, name, status }))
