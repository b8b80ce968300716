import type { Failure } from '../../domain/kernel/failure.ts'
import type { Digest } from '../../domain/kernel/identifiers.ts'
import type { Projection, Reader } from '../projection.ts'
import { temporalTable } from '../temporal.ts'
import type { At } from '../temporal.ts'

/** A blob of the content store. `mediaType` and `size` are null where only its failure is known. */
export type BlobView = Readonly<{
  digest: Digest
  mediaType: string | null
  size: number | null
  status: 'fetching' | 'stored' | 'failed' | 'removing'
  failure: Failure | null
  /** The pull that asked for it first. */
  pull: string | null
  since: string
  position: number
}>

const table = temporalTable<BlobView, Readonly<Record<never, string>>>('blobs', {})

export const blobs: Projection = {
  name: 'blobs',
  version: 1,
  categories: ['content'],
  tables: { blobs: table.past },
  schema: table.schema,
  when: {
    BlobFetchRequested: (db, { event: { blob, pull }, metadata: { occurredAt: since }, position }) =>
      table.supersede(db, position, blob.digest, {
        doc: { ...blob, status: 'fetching', failure: null, pull, since, position },
      }),
    BlobStored: (db, { event: { blob }, metadata: { occurredAt: since }, position }) => {
      const pull = table.get(db, blob.digest)?.pull ?? null
      table.supersede(db, position, blob.digest, {
        doc: { ...blob, status: 'stored', failure: null, pull, since, position },
      })
    },
    BlobFetchFailed: (db, { event: { digest, failure }, metadata: { occurredAt: since }, position }) => {
      const before = table.get(db, digest)
      const { mediaType, size, pull } = before ?? { mediaType: null, size: null, pull: null }
      table.supersede(db, position, digest, {
        doc: { digest, mediaType, size, status: 'failed', failure, pull, since, position },
      })
    },
    BlobRemoveRequested: (db, { event: { digest }, metadata: { occurredAt: since }, position }) => {
      const before = table.get(db, digest)
      if (before !== null)
        table.supersede(db, position, digest, { doc: { ...before, status: 'removing', since, position } })
    },
    BlobRemoved: (db, { event: { digest }, position }) => table.supersede(db, position, digest, null),
  },
}

export const listBlobs =
  (db: Reader) =>
  (at: At): ReadonlyArray<BlobView> =>
    table.select(db, at, {})

export const blobByDigest =
  (db: Reader) =>
  (digest: string, at: At): BlobView | null =>
    table.get(db, digest, at)
