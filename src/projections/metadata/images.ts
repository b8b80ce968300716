import type { DomainEventOf } from '../../domain/events/catalogue.ts'
import type { Namespace } from '../../domain/kernel/identifiers.ts'
import type { Actor } from '../../domain/kernel/context.ts'
import type { Target } from '../../domain/metadata/index.ts'
import type { Projection, Reader } from '../projection.ts'
import type { ByReference } from '../by-reference.ts'
import { temporalTable } from '../temporal.ts'
import type { At } from '../temporal.ts'

/** What a name stands for at a position of the log. */
export type ImageView = Readonly<{
  name: string
  namespace: Namespace
  /** The config's digest: what docker calls the image id. */
  id: string
  target: Target
  /** Compressed, in bytes. */
  size: number
  namedAt: string
  actor: Actor
  source: DomainEventOf<'ImageNamed'>['source']
  position: number
}>

const table = temporalTable<ImageView, { name: string; id: string }>('images', {
  name: 'TEXT NOT NULL',
  id: 'TEXT NOT NULL',
})

/** Image names, as of any position. */
export const images: Projection = {
  name: 'images',
  version: 1,
  categories: ['image'],
  tables: { images: table.past },
  schema: `${table.schema}
    CREATE INDEX images_named ON images (name) WHERE valid_to IS NULL;
    CREATE INDEX images_by_id ON images (id) WHERE valid_to IS NULL;
  `,
  when: {
    ImageNamed: (db, { event, metadata, position }) => {
      const { name, namespace, target, source } = event
      const id = target.config.digest
      const blobs = [target.manifest, target.config, ...target.layers.map(({ blob }) => blob)]
      const size = blobs.reduce((sum, blob) => sum + blob.size, 0)
      const namedAt = metadata.occurredAt
      table.supersede(db, position, `${namespace}/${name}`, {
        name,
        id,
        doc: { name, namespace, id, target, size, namedAt, actor: metadata.actor, source, position },
      })
    },
    ImageRemoved: (db, { event, position }) =>
      table.supersede(db, position, `${event.namespace}/${event.name}`, null),
  },
}

export const listImages =
  (db: Reader) =>
  (at: At): ReadonlyArray<ImageView> =>
    table.select(db, at, { order: 'name' })

export const imageByName =
  (db: Reader) =>
  (namespace: Namespace, name: string, at: At): ImageView | null =>
    table.get(db, `${namespace}/${name}`, at)

/** Images by config digest or the beginning of one (with or without `sha256:`). Several names of one image are one image. */
export const imageById =
  (db: Reader) =>
  (prefix: string, at: At): ByReference<ImageView> => {
    if (!/^(?:sha256:)?[a-f0-9]{1,64}$/.test(prefix)) return { kind: 'none' }
    const id = prefix.startsWith('sha256:') ? prefix : `sha256:${prefix}`
    const found = table.select(db, at, { where: 'id >= ? AND id < ?', order: 'id, name' }, id, `${id}g`)
    const ids = new Set(found.map(image => image.id))
    if (ids.size > 1) return { kind: 'ambiguous', candidates: [...ids] }
    return found[0] === undefined ? { kind: 'none' } : { kind: 'found', found: found[0] }
  }
