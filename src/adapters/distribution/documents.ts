import { createHash } from 'node:crypto'
import { DOCUMENT_TYPES } from '../../domain/distribution/manifest.ts'
import type { Limits } from '../../domain/distribution/manifest.ts'
import type { Descriptor } from '../../domain/kernel/descriptor.ts'
import { Digest } from '../../domain/kernel/identifiers.ts'
import { parseBounded } from './bounded-json.ts'
import { refused } from './registry-failure.ts'
import { header, readBounded } from './registry-http.ts'
import type { Repository } from './repository.ts'

/** A document as it came, and what it came as. `descriptor` was made from the bytes themselves. */
export type Received = Readonly<{ descriptor: Descriptor; bytes: Uint8Array; json: unknown }>

const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest

/** An index or a manifest by its tag or digest; its type is what the registry says (`readDocument` judges that). */
export const getManifest = async (
  { place, get }: Repository,
  reference: string,
  { maxDocument }: Limits,
): Promise<Received> => {
  const about = `${new URL(place.origin).host}: ${place.path}: ${reference}`
  const { response, bytes } = await get(
    `manifests/${reference}`,
    { accept: DOCUMENT_TYPES.join(', ') },
    async response => ({ response, bytes: await readBounded(response, maxDocument) }),
  )
  if (bytes === null) throw refused('too-large', `${about}: the manifest has more than ${maxDocument} bytes`)

  const digest = sha256(bytes)
  const said = header(response, 'docker-content-digest')
  if (said !== null && !Digest.is(said))
    throw refused(
      'registry-protocol',
      `${about}: ${JSON.stringify(said.slice(0, 100))} is not a sha256 digest`,
    )
  if (said !== null && said !== digest)
    throw refused('digest-mismatch', `${about}: was said to be ${said}, and is ${digest}`)
  if (Digest.is(reference) && reference !== digest)
    throw refused('digest-mismatch', `${about}: the content is ${digest}`)

  const mediaType = (header(response, 'content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes, json: parse(bytes, about) }
}

/** A small blob as a document: an image's configuration. */
export const getDocument = async ({ place, get }: Repository, descriptor: Descriptor): Promise<Received> => {
  const { digest, size } = descriptor
  const about = `${new URL(place.origin).host}: ${place.path}: ${digest}`
  const bytes = await get(`blobs/${digest}`, {}, response => readBounded(response, size))
  if (bytes === null || bytes.length !== size)
    throw refused(
      'size-mismatch',
      `${about}: ${bytes === null ? 'more' : 'fewer'} than the ${size} bytes that were promised`,
    )
  const actual = sha256(bytes)
  if (actual !== digest) throw refused('digest-mismatch', `${about}: the content is ${actual}`)
  return { descriptor, bytes, json: parse(bytes, about) }
}

const parse = (bytes: Uint8Array, about: string): unknown => {
  const value = parseBounded(bytes)
  if (value === undefined)
    throw refused('registry-protocol', `${about}: is not JSON that a document could be`)
  return value
}
