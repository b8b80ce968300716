import type { Failure } from '../../domain/kernel/failure.ts'
import type { Digest, SnapshotKey } from '../../domain/kernel/identifiers.ts'
import type { Mount } from '../../domain/kernel/mount.ts'
import type { Projection, Reader, Writer } from '../projection.ts'
import { temporalTable } from '../temporal.ts'
import type { At } from '../temporal.ts'

/** A snapshot: `committed` is a layer, `active` what a container writes to (containerd's words). */
export type SnapshotView = Readonly<{
  key: SnapshotKey
  kind: 'committed' | 'active'
  status: 'unpacking' | 'preparing' | 'ready' | 'failed' | 'removing'
  /** The uncompressed layer's digest; null of an active snapshot. */
  diffId: Digest | null
  parents: ReadonlyArray<Digest>
  mounts: ReadonlyArray<Mount>
  /** On disk, in bytes; null where it was not measured. */
  size: number | null
  entries: number | null
  failure: Failure | null
  since: string
  position: number
}>

const table = temporalTable<SnapshotView, { kind: string }>('snapshots', { kind: 'TEXT NOT NULL' })

type Moment = Readonly<{ metadata: Readonly<{ occurredAt: string }>; position: number }>

const begin = (
  db: Writer,
  { metadata, position }: Moment,
  view: Pick<SnapshotView, 'key' | 'kind' | 'status' | 'diffId' | 'parents'>,
) =>
  table.supersede(db, position, view.key, {
    kind: view.kind,
    doc: {
      ...view,
      mounts: [],
      size: null,
      entries: null,
      failure: null,
      since: metadata.occurredAt,
      position,
    },
  })

const change = (
  db: Writer,
  { metadata, position }: Moment,
  key: SnapshotKey,
  changed: Partial<SnapshotView>,
) => {
  const before = table.get(db, key)
  if (before === null) return
  const doc = { ...before, ...changed, since: metadata.occurredAt, position }
  table.supersede(db, position, key, { kind: doc.kind, doc })
}

export const snapshots: Projection = {
  name: 'snapshots',
  version: 1,
  categories: ['snapshot'],
  tables: { snapshots: table.past },
  schema: table.schema,
  when: {
    LayerUnpackRequested: (db, recorded) =>
      begin(db, recorded, {
        key: recorded.event.key,
        kind: 'committed',
        status: 'unpacking',
        diffId: recorded.event.layer.diffId,
        parents: [],
      }),
    LayerUnpacked: (db, recorded) =>
      change(db, recorded, recorded.event.key, {
        status: 'ready',
        size: recorded.event.size,
        entries: recorded.event.entries,
      }),
    LayerUnpackFailed: (db, recorded) =>
      change(db, recorded, recorded.event.key, { status: 'failed', failure: recorded.event.failure }),
    SnapshotPrepareRequested: (db, recorded) =>
      begin(db, recorded, {
        key: recorded.event.key,
        kind: 'active',
        status: 'preparing',
        diffId: null,
        parents: recorded.event.parents,
      }),
    SnapshotPrepared: (db, recorded) =>
      change(db, recorded, recorded.event.key, { status: 'ready', mounts: recorded.event.mounts }),
    SnapshotPrepareFailed: (db, recorded) =>
      change(db, recorded, recorded.event.key, { status: 'failed', failure: recorded.event.failure }),
    SnapshotRemoveRequested: (db, recorded) =>
      change(db, recorded, recorded.event.key, { status: 'removing' }),
    SnapshotRemoved: (db, { event, position }) => table.supersede(db, position, event.key, null),
  },
}

export const listSnapshots =
  (db: Reader) =>
  (at: At): ReadonlyArray<SnapshotView> =>
    table.select(db, at, { order: 'kind DESC, key' })

export const snapshotByKey =
  (db: Reader) =>
  (key: string, at: At): SnapshotView | null =>
    table.get(db, key, at)
