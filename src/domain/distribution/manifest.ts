import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import { explain } from '../kernel/decode.ts'
import { Descriptor } from '../kernel/descriptor.ts'
import type { Platform } from '../kernel/descriptor.ts'

// OCI image-spec, manifest.md and image-index.md; docker's "image manifest version 2, schema 2" is the same but for
// the names of its types.

export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json'
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
export const DOCKER_INDEX = 'application/vnd.docker.distribution.manifest.list.v2+json'
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'

/** The documents we can read, as a registry is told. */
export const DOCUMENT_TYPES = [OCI_INDEX, OCI_MANIFEST, DOCKER_INDEX, DOCKER_MANIFEST]

const CONFIG_TYPES = [
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
]

/** Tar archives: plain, gzip or zstd; OCI's, OCI's deprecated and docker's foreign ones, docker's. */
const LAYER_TYPE =
  /^application\/vnd\.(?:oci\.image\.layer(?:\.nondistributable)?\.v1\.tar(?:\+gzip|\+zstd)?|docker\.image\.rootfs\.(?:foreign\.)?diff\.tar(?:\.gzip|\.zstd)?)$/

/** What is asked of documents from elsewhere, in bytes and in numbers. */
export type Limits = Readonly<{
  /** An index or a manifest (distribution-spec, "Pushing Manifests": at least 4 MiB must be possible). */
  maxDocument: number
  maxConfig: number
  maxLayer: number
  maxLayers: number
  maxManifests: number
}>

export const LIMITS: Limits = {
  maxDocument: 4 * 2 ** 20,
  maxConfig: 4 * 2 ** 20,
  maxLayer: 64 * 2 ** 30,
  maxLayers: 500,
  maxManifests: 1000,
}

export type BadDocument = Readonly<{ problem: 'registry-protocol' | 'too-large'; cause: string }>

/** One image of an index; no platform means that the image itself has to be asked. */
export type IndexEntry = Readonly<{ descriptor: Descriptor; platform: Platform | null }>

export type Document =
  | Readonly<{ kind: 'manifest'; mediaType: string; config: Descriptor; layers: ReadonlyArray<Descriptor> }>
  | Readonly<{ kind: 'index'; mediaType: string; entries: ReadonlyArray<IndexEntry> }>

export const isIndexType = (mediaType: string) => mediaType === OCI_INDEX || mediaType === DOCKER_INDEX
export const isDocumentType = (mediaType: string) => DOCUMENT_TYPES.includes(mediaType)

const absent = t.union([t.undefined, t.null])

const Head = t.intersection([
  t.type({ schemaVersion: t.literal(2) }),
  t.partial({
    mediaType: t.string,
    manifests: t.unknown,
    config: t.unknown,
    layers: t.unknown,
    fsLayers: t.unknown,
  }),
])

const JsonPlatform = t.intersection([
  t.type({ os: t.string, architecture: t.string }),
  t.partial({ variant: t.union([t.string, absent]) }),
])
const JsonEntry = t.intersection([Descriptor, t.partial({ platform: t.union([JsonPlatform, absent]) })])

/**
 * Reads an index or a manifest. What a document is, it says itself: by its shape, and by its `mediaType`, which only
 * OCI's may leave out. What the registry calls it (`declaredAs`, the Content-Type, or a descriptor's type) must be
 * the same, so that one digest can never be read in two ways (CVE-2021-41190).
 */
export const readDocument = (
  value: unknown,
  declaredAs: string,
  limits: Limits = LIMITS,
): E.Either<BadDocument, Document> => {
  const head = decoded(Head, value)
  if (E.isLeft(head)) return isSchema1(value) ? bad('docker’s schema 1 manifests are not supported') : head
  const { mediaType, manifests, config, layers } = head.right

  if (manifests !== undefined && (layers !== undefined || config !== undefined))
    return bad('it is both an index and a manifest')
  if (head.right.fsLayers !== undefined) return bad('it is both of schema 1 and of schema 2')
  const isIndex = manifests !== undefined

  const itsType = mediaType ?? (isIndex ? OCI_INDEX : OCI_MANIFEST)
  if (itsType !== declaredAs) return bad(`it is ${show(itsType)}, and was said to be ${show(declaredAs)}`)
  if (!isDocumentType(itsType)) return bad(`${show(itsType)} is not an image`)
  if (isIndexType(itsType) !== isIndex) return bad(`it is not what ${show(itsType)} looks like`)

  return isIndex ? readIndex(itsType, manifests, limits) : readManifest(itsType, config, layers, limits)
}

const readIndex = (
  mediaType: string,
  manifests: unknown,
  limits: Limits,
): E.Either<BadDocument, Document> => {
  const entries = bounded(JsonEntry, manifests, 'manifests', limits.maxManifests)
  if (E.isLeft(entries)) return entries
  return E.right({
    kind: 'index',
    mediaType,
    entries: entries.right.map(({ platform, ...descriptor }) => ({
      descriptor: plain(descriptor),
      platform: platform
        ? { os: platform.os, architecture: platform.architecture, variant: platform.variant ?? '' }
        : null,
    })),
  })
}

const readManifest = (
  mediaType: string,
  jsonConfig: unknown,
  jsonLayers: unknown,
  limits: Limits,
): E.Either<BadDocument, Document> => {
  const config = decoded(Descriptor, jsonConfig, 'config')
  if (E.isLeft(config)) return config
  const layers = bounded(Descriptor, jsonLayers, 'layers', limits.maxLayers)
  if (E.isLeft(layers)) return layers

  if (!CONFIG_TYPES.includes(config.right.mediaType))
    return bad(`it is not an image: its configuration is ${show(config.right.mediaType)}`)
  if (config.right.size > limits.maxConfig)
    return tooLarge(`its configuration has ${config.right.size} bytes, more than ${limits.maxConfig}`)
  for (const { mediaType, digest, size } of layers.right) {
    if (!LAYER_TYPE.test(mediaType))
      return bad(`layer ${digest} is ${show(mediaType)}, which we cannot unpack`)
    if (size > limits.maxLayer)
      return tooLarge(`layer ${digest} has ${size} bytes, more than ${limits.maxLayer}`)
  }
  return E.right({
    kind: 'manifest',
    mediaType,
    config: plain(config.right),
    layers: layers.right.map(plain),
  })
}

const plain = ({ mediaType, digest, size }: Descriptor): Descriptor => ({ mediaType, digest, size })

const isSchema1 = (value: unknown) =>
  typeof value === 'object' && value !== null && 'schemaVersion' in value && value.schemaVersion === 1

/** The number is looked at before the things themselves are. */
const bounded = <A>(
  codec: t.Type<A, unknown>,
  value: unknown,
  what: string,
  most: number,
): E.Either<BadDocument, ReadonlyArray<A>> => {
  if (!Array.isArray(value)) return bad(`${what}: expected a list`)
  if (value.length > most) return tooLarge(`it has ${value.length} ${what}, more than ${most}`)
  return decoded(t.readonlyArray(codec), value, what)
}

const decoded = <A>(codec: t.Type<A, unknown>, value: unknown, what = ''): E.Either<BadDocument, A> =>
  pipe(
    codec.decode(value),
    E.mapLeft(([first]) => {
      const why = first === undefined ? 'it is malformed' : explain(first).slice(0, 200)
      return { problem: 'registry-protocol' as const, cause: what === '' ? why : `${what}: ${why}` }
    }),
  )

const bad = (cause: string): E.Either<BadDocument, never> => E.left({ problem: 'registry-protocol', cause })
const tooLarge = (cause: string): E.Either<BadDocument, never> => E.left({ problem: 'too-large', cause })

const show = (text: string) => JSON.stringify(text.slice(0, 200))
