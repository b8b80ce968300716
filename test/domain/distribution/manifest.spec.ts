import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import {
  DOCKER_INDEX,
  DOCKER_MANIFEST,
  DOCUMENT_TYPES,
  LIMITS,
  OCI_INDEX,
  OCI_MANIFEST,
  readDocument,
} from '../../../src/domain/distribution/manifest.ts'
import { blob, digestOf } from '../../support/examples.ts'

const config = { ...blob(1), mediaType: 'application/vnd.oci.image.config.v1+json' }
const manifest = { schemaVersion: 2, config, layers: [blob(2), blob(3)] }
const entry = {
  ...blob(4),
  mediaType: OCI_MANIFEST,
  platform: { os: 'linux', architecture: 'arm', variant: 'v7' },
}
const index = { schemaVersion: 2, manifests: [entry] }

describe('a document', () => {
  it('is a manifest or an index, OCI’s or docker’s', () => {
    for (const mediaType of [OCI_MANIFEST, DOCKER_MANIFEST])
      assert.deepEqual(
        readDocument({ ...manifest, mediaType }, mediaType),
        E.right({ kind: 'manifest', mediaType, config, layers: [blob(2), blob(3)] }),
      )
    for (const mediaType of [OCI_INDEX, DOCKER_INDEX]) {
      const { platform, ...descriptor } = entry
      assert.deepEqual(
        readDocument({ ...index, mediaType }, mediaType),
        E.right({ kind: 'index', mediaType, entries: [{ descriptor, platform }] }),
      )
    }
  })

  it('may leave out its type where it is OCI’s', () => {
    assert(E.isRight(readDocument(manifest, OCI_MANIFEST)))
    assert(E.isRight(readDocument(index, OCI_INDEX)))
    assert(E.isLeft(readDocument(manifest, DOCKER_MANIFEST)))
  })

  it('keeps nothing of what it need not say', () => {
    const chatty = { ...blob(2), urls: ['https://evil.test'], data: 'eA==', annotations: { a: 'b' } }
    const read = readDocument(
      { ...manifest, layers: [chatty], annotations: {}, subject: blob(9) },
      OCI_MANIFEST,
    )
    assert.deepEqual(read, E.right({ kind: 'manifest', mediaType: OCI_MANIFEST, config, layers: [blob(2)] }))
  })

  it('may say nothing of its images’ platforms', () => {
    for (const platform of [null, undefined]) {
      const read = readDocument({ ...index, manifests: [{ ...entry, platform }] }, OCI_INDEX)
      assert(E.isRight(read) && read.right.kind === 'index')
      assert.equal(read.right.entries[0]?.platform, null)
    }
  })

  it('may have layers in every packing', () => {
    for (const type of [
      'application/vnd.oci.image.layer.v1.tar',
      'application/vnd.oci.image.layer.v1.tar+gzip',
      'application/vnd.oci.image.layer.v1.tar+zstd',
      'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
      'application/vnd.docker.image.rootfs.diff.tar.gzip',
      'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
    ])
      assert(
        E.isRight(readDocument({ ...manifest, layers: [{ ...blob(2), mediaType: type }] }, OCI_MANIFEST)),
        type,
      )
  })

  it('is at most as large as the limits say', () => {
    const layers = Array.from({ length: LIMITS.maxLayers + 1 }, (_, i) => blob(i))
    assert(E.isRight(readDocument({ ...manifest, layers: layers.slice(1) }, OCI_MANIFEST)))
    const read = readDocument({ ...manifest, layers }, OCI_MANIFEST)
    assert(E.isLeft(read) && read.left.problem === 'too-large')
  })

  it('has no parts that are not lists', () => {
    for (const layers of [null, {}, 'x', undefined, { length: 1, 0: blob(1) }])
      assert(E.isLeft(readDocument({ ...manifest, layers }, OCI_MANIFEST)))
  })

  it('is read or refused whatever it is, and never thrown at', () =>
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...DOCUMENT_TYPES), (value, type) => {
        const read = readDocument(value, type)
        assert(E.isLeft(read) || read.right.mediaType === type)
      }),
    ))

  it('R7 means one thing only, whatever it is said to be', () => {
    const digest = fc.constantFrom(digestOf(1), 'sha256:x')
    const part = fc.option(
      fc.array(fc.record({ mediaType: fc.constantFrom(...DOCUMENT_TYPES), digest, size: fc.nat() })),
    )
    const documents = fc.record(
      {
        schemaVersion: fc.constant(2),
        mediaType: fc.constantFrom(...DOCUMENT_TYPES),
        manifests: part,
        layers: part,
        config: fc.constant(config),
      },
      { requiredKeys: ['schemaVersion'] },
    )
    fc.assert(
      fc.property(documents, value => {
        const read = DOCUMENT_TYPES.map(type => readDocument(value, type)).filter(E.isRight)
        assert(read.length <= 1)
      }),
    )
  })
})
