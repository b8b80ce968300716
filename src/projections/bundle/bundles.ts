import type { Failure } from '../../domain/kernel/failure.ts'
import type { ContainerId, Digest } from '../../domain/kernel/identifiers.ts'
import type { Projection, Reader, Writer } from '../projection.ts'
import { temporalTable } from '../temporal.ts'
import type { At } from '../temporal.ts'

/** A container's directory, as an OCI runtime consumes it. */
export type BundleView = Readonly<{
  container: ContainerId
  namespace: string
  status: 'preparing' | 'ready' | 'failed' | 'removing'
  path: string | null
  /** Of its config.json. */
  configDigest: Digest | null
  failure: Failure | null
  since: string
  position: number
}>

const table = temporalTable<BundleView, Readonly<Record<never, string>>>('bundles', {})

const change = (
  db: Writer,
  { metadata, position }: Readonly<{ metadata: Readonly<{ occurredAt: string }>; position: number }>,
  container: ContainerId,
  changed: Partial<BundleView>,
) => {
  const before = table.get(db, container)
  if (before === null) return
  table.supersede(db, position, container, {
    doc: { ...before, ...changed, since: metadata.occurredAt, position },
  })
}

export const bundles: Projection = {
  name: 'bundles',
  version: 1,
  categories: ['bundle'],
  tables: { bundles: table.past },
  schema: table.schema,
  when: {
    BundlePrepareRequested: (db, { event: { container, namespace }, metadata, position }) =>
      table.supersede(db, position, container, {
        doc: {
          container,
          namespace,
          status: 'preparing',
          path: null,
          configDigest: null,
          failure: null,
          since: metadata.occurredAt,
          position,
        },
      }),
    BundlePrepared: (db, recorded) => {
      const { container, path, configDigest } = recorded.event
      change(db, recorded, container, { status: 'ready', path, configDigest })
    },
    BundlePrepareFailed: (db, recorded) =>
      change(db, recorded, recorded.event.container, { status: 'failed', failure: recorded.event.failure }),
    BundleRemoveRequested: (db, recorded) =>
      change(db, recorded, recorded.event.container, { status: 'removing' }),
    BundleRemoved: (db, { event, position }) => table.supersede(db, position, event.container, null),
  },
}

export const listBundles =
  (db: Reader) =>
  (at: At): ReadonlyArray<BundleView> =>
    table.select(db, at, {})

export const bundleOf =
  (db: Reader) =>
  (container: string, at: At): BundleView | null =>
    table.get(db, container, at)
