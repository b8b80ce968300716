import type { Digest, SnapshotKey } from '../../domain/kernel/identifiers.ts'
import type { Target } from '../../domain/metadata/index.ts'
import type { Projection, Reader, Writer } from '../projection.ts'

const refer = (db: Writer, holder: string, items: ReadonlyArray<string>) => {
  for (const item of items)
    db.run('INSERT OR IGNORE INTO "references" (holder, item) VALUES (?, ?)', holder, item)
}

const letGo = (db: Writer, holder: string) => db.run('DELETE FROM "references" WHERE holder = ?', holder)

const blobsOf = ({ index, manifest, config, layers }: Omit<Target, 'image'>): ReadonlyArray<Digest> => [
  ...(index === null ? [] : [index.digest]),
  manifest.digest,
  config.digest,
  ...layers.map(({ blob }) => blob.digest),
]

const chainsOf = ({ layers }: Pick<Target, 'layers'>): ReadonlyArray<Digest> =>
  layers.map(({ chainId }) => chainId)

/**
 * Who needs what, now: names of images and pulls under way need blobs and layers, containers need layers. What
 * nobody needs may be removed.
 */
export const references: Projection = {
  name: 'references',
  version: 1,
  categories: ['image', 'pull', 'container'],
  tables: { references: null },
  schema: `
    CREATE TABLE "references" (holder TEXT NOT NULL, item TEXT NOT NULL, PRIMARY KEY (holder, item)) STRICT, WITHOUT ROWID;
    CREATE INDEX references_to ON "references" (item);
  `,
  when: {
    ImageNamed: (db, { event: { namespace, name, target } }) => {
      letGo(db, `image ${namespace}/${name}`)
      refer(db, `image ${namespace}/${name}`, [...blobsOf(target), ...chainsOf(target)])
    },
    ImageRemoved: (db, { event: { namespace, name } }) => letGo(db, `image ${namespace}/${name}`),
    ManifestResolved: (db, { event }) =>
      refer(db, `pull ${event.pull}`, [...blobsOf(event), ...chainsOf(event)]),
    ImagePulled: (db, { event }) => letGo(db, `pull ${event.pull}`),
    ImagePullFailed: (db, { event }) => letGo(db, `pull ${event.pull}`),
    ContainerCreateRequested: (db, { event: { container, image } }) =>
      refer(db, `container ${container}`, [image.config, ...image.layers]),
    ContainerRemoved: (db, { event }) => letGo(db, `container ${event.container}`),
  },
}

/** Of what an image's name refers to, that which nobody else does. Snapshots are given highest first. */
export const onlyReferredToBy =
  (db: Reader) =>
  (
    namespace: string,
    name: string,
    target: Target,
  ): Readonly<{ blobs: ReadonlyArray<Digest>; snapshots: ReadonlyArray<SnapshotKey> }> => {
    const holder = `image ${namespace}/${name}`
    const isNeeded = (item: string) =>
      db.get('SELECT 1 AS needed FROM "references" WHERE item = ? AND holder <> ? LIMIT 1', item, holder) !==
      undefined
    return {
      blobs: [...new Set(blobsOf(target))].filter(digest => !isNeeded(digest)),
      snapshots: chainsOf(target)
        .filter(chainId => !isNeeded(chainId))
        .toReversed() as ReadonlyArray<string> as ReadonlyArray<SnapshotKey>,
    }
  }
