import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LIMITS, OCI_INDEX, OCI_MANIFEST } from '../../../src/domain/distribution/manifest.ts'
import type { EffectFailure } from '../../../src/domain/kernel/problem.ts'
import { blobOf, imageOf, indexOf, packImage, sha256 } from '../../support/image.ts'
import type { Blob } from '../../support/image.ts'
import { send, startRegistry } from '../../support/registry.ts'
import { client, descriptorOf, resolve } from './asking.ts'

const image = await packImage(await imageOf({ layers: [[{ name: 'a', content: 'a' }]] }), { index: true })
const platform = { os: 'linux', architecture: 'amd64' }

const manifestOf = (value: unknown, mediaType = OCI_MANIFEST) =>
  blobOf(mediaType, Buffer.from(JSON.stringify(value)))

const good = JSON.parse(Buffer.from(image.manifest.bytes).toString()) as {
  config: object
  layers: ReadonlyArray<object>
}

const withLayer = (changed: object) => manifestOf({ ...good, layers: [{ ...good.layers[0], ...changed }] })

/** What is wrong with a manifest, as the client sees it. */
const problemWith = async (manifest: Blob, reference = 'latest') => {
  await using registry = await startRegistry()
  await using asking = client()
  registry.addImage(image, 'good')
  registry.addManifest(manifest, 'latest')
  try {
    await resolve(asking, `${registry.host}/app:${reference}`)
    return { problem: 'none', asked: registry.seen.length }
  } catch (error) {
    const { reason, problem, cause } = error as EffectFailure
    assert.equal(reason, 'refused', cause)
    // Nothing of an image that is refused is fetched, and nothing large is repeated.
    assert(!registry.asked().some(path => path.endsWith(image.layers[0]?.digest ?? '')))
    assert(cause.length < 600, cause)
    return { problem, cause, asked: registry.seen.length }
  }
}

describe('a registry with hostile documents', () => {
  it('R3: a layer without a size, or with a negative one, is refused', async () => {
    assert.equal((await problemWith(withLayer({ size: undefined }))).problem, 'registry-protocol')
    assert.equal((await problemWith(withLayer({ size: -1 }))).problem, 'registry-protocol')
    assert.equal((await problemWith(withLayer({ size: 1.5 }))).problem, 'registry-protocol')
    assert.equal((await problemWith(withLayer({ size: '1' }))).problem, 'registry-protocol')
  })

  it('R4: a layer of 2^63 bytes, or above the cap, is refused before it is asked for', async () => {
    assert.equal((await problemWith(withLayer({ size: 2 ** 63 }))).problem, 'registry-protocol')
    assert.equal((await problemWith(withLayer({ size: LIMITS.maxLayer + 1 }))).problem, 'too-large')
  })

  it('R5: a manifest or a configuration above its cap is refused', async () => {
    const filling = 'x'.repeat(LIMITS.maxDocument)
    assert.equal((await problemWith(manifestOf({ ...good, annotations: { filling } }))).problem, 'too-large')
    const config = { ...good.config, size: LIMITS.maxConfig + 1 }
    assert.equal((await problemWith(manifestOf({ ...good, config }))).problem, 'too-large')
  })

  it('R5: an endless manifest is cut, and memory stays flat', async () => {
    await using registry = await startRegistry()
    await using asking = client()
    const piece = Buffer.alloc(64 * 1024, ' ')
    let sent = 0
    registry.misbehave((request, response) => {
      if (request.url === '/v2/') return false
      response.writeHead(200, { 'content-type': OCI_MANIFEST })
      const more = () => {
        while (!response.destroyed && response.write(piece)) sent += piece.length
      }
      response.on('drain', more)
      more()
      return true
    })
    const before = process.memoryUsage().rss
    await assert.rejects(resolve(asking, `${registry.host}/app:latest`), { problem: 'too-large' })
    const grown = process.memoryUsage().rss - before
    assert(grown < 64 * 2 ** 20, `${grown} bytes more are held`)
    assert(sent < 16 * 2 ** 20, `${sent} bytes were read`)
  })

  it('R6: a document that is both an index and a manifest is refused (CVE-2021-41190)', async () => {
    for (const mediaType of [OCI_MANIFEST, OCI_INDEX]) {
      const both = manifestOf({ ...good, mediaType, manifests: [] }, mediaType)
      assert.equal((await problemWith(both)).problem, 'registry-protocol')
      const config = manifestOf(
        { schemaVersion: 2, mediaType, manifests: [], config: good.config },
        mediaType,
      )
      assert.equal((await problemWith(config)).problem, 'registry-protocol')
    }
  })

  it('R7: a document that comes as another type than it says is refused', async () => {
    for (const type of [
      OCI_INDEX,
      'application/vnd.docker.distribution.manifest.v2+json',
      'application/json',
      '',
    ])
      assert.equal((await problemWith({ ...manifestOf(good), mediaType: type })).problem, 'registry-protocol')
  })

  it('R7: one digest that is served with two types means one thing, whichever comes first', async () => {
    const { mediaType: _, ...silent } = good as { mediaType?: string }
    for (const order of [
      [OCI_MANIFEST, OCI_INDEX],
      [OCI_INDEX, OCI_MANIFEST],
    ]) {
      await using registry = await startRegistry()
      await using asking = client()
      registry.addImage(image, 'good')
      const results: Array<string> = []
      for (const mediaType of order) {
        registry.addManifest({ ...manifestOf(silent), mediaType }, 'latest')
        const result = resolve(asking, `${registry.host}/app:latest`)
        results.push(
          await result.then(
            ({ manifest }) => manifest.mediaType,
            e => (e as { problem: string }).problem,
          ),
        )
      }
      assert.deepEqual(results.toSorted(), [OCI_MANIFEST, 'registry-protocol'])
    }
  })

  it('R7: what an index says of a manifest must be what the manifest says of itself', async () => {
    const entry = {
      ...descriptorOf(image.manifest),
      mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      platform,
    }
    assert.equal((await problemWith(indexOf([entry]))).problem, 'registry-protocol')
    const size = { ...descriptorOf(image.manifest), size: image.manifest.size + 1, platform }
    assert.equal((await problemWith(indexOf([size]))).problem, 'size-mismatch')
  })

  it('R8: indexes in indexes are followed a little way, and no further', async () => {
    await using registry = await startRegistry()
    await using asking = client()
    registry.addImage(image, 'good')
    let inner: Blob = image.manifest
    for (let depth = 1; depth <= 10; depth++) {
      inner = indexOf([{ ...descriptorOf(inner), platform }])
      registry.addManifest(inner, `depth-${depth}`)
    }
    assert.equal(
      (await resolve(asking, `${registry.host}/app:depth-3`)).manifest.digest,
      image.manifest.digest,
    )
    const before = registry.seen.length
    await assert.rejects(resolve(asking, `${registry.host}/app:depth-10`), { problem: 'registry-protocol' })
    assert(registry.seen.length - before <= 4)
  })

  it('R8: 10,000 children, the same or not, are too many, and none of them is asked for', async () => {
    const same = indexOf(
      Array.from({ length: 10_000 }, () => ({ ...descriptorOf(image.manifest), platform })),
    )
    const different = indexOf(
      Array.from({ length: 10_000 }, (_, i) => ({
        ...descriptorOf(image.manifest),
        digest: sha256(`${i}`),
        platform,
      })),
    )
    for (const index of [same, different]) {
      const { problem, asked } = await problemWith(index)
      assert.deepEqual([problem, asked], ['too-large', 2])
    }
    const layers = Array.from({ length: 10_000 }, () => good.layers[0])
    assert.equal((await problemWith(manifestOf({ ...good, layers }))).problem, 'too-large')
  })

  const digests = [
    'sha256:../../x',
    `sha256:${'a'.repeat(63)}`,
    `sha256:${'a'.repeat(65)}`,
    `sha256:${'A'.repeat(64)}`,
    `sha512:${'a'.repeat(128)}`,
    `md5:${'a'.repeat(32)}`,
    `sha256:${'a'.repeat(64)}\n`,
    'a'.repeat(64),
    '',
  ]
  for (const digest of digests)
    it(`R9: the digest ${JSON.stringify(digest.slice(0, 20))} is refused wherever it stands`, async () => {
      assert.equal((await problemWith(withLayer({ digest }))).problem, 'registry-protocol')
      const config = { ...good.config, digest }
      assert.equal((await problemWith(manifestOf({ ...good, config }))).problem, 'registry-protocol')
      const index = indexOf([{ ...descriptorOf(image.manifest), digest, platform }])
      assert.deepEqual((await problemWith(index)).asked, 2)
    })

  it('R9: a digest in a header is refused where it is none, and where it is another', async () => {
    await using registry = await startRegistry()
    await using asking = client()
    const cases: ReadonlyArray<readonly [string, string]> = [
      ['sha256:../../x', 'registry-protocol'],
      [sha256('other'), 'digest-mismatch'],
    ]
    for (const [digest, problem] of cases) {
      registry.misbehave((request, response) => {
        if (request.url === '/v2/') return false
        send(response, { ...image.manifest, digest })
        return true
      })
      await assert.rejects(resolve(asking, `${registry.host}/app:latest`), { reason: 'refused', problem })
    }
  })

  it('a manifest that is asked for by its digest must have it', async () => {
    await using registry = await startRegistry()
    await using asking = client()
    registry.misbehave((request, response) => {
      if (request.url === '/v2/') return false
      response.writeHead(200, { 'content-type': OCI_MANIFEST }).end(JSON.stringify(good))
      return true
    })
    await assert.rejects(resolve(asking, `${registry.host}/app@${sha256('other')}`), {
      problem: 'digest-mismatch',
    })
  })

  it('a configuration must have its digest and its size', async () => {
    await using registry = await startRegistry()
    await using asking = client()
    registry.addImage(image, 'latest')
    const { bytes } = image.config
    const wrong: ReadonlyArray<readonly [Uint8Array, string]> = [
      [Buffer.from(bytes).fill(' ', 0, 1), 'digest-mismatch'],
      [bytes.subarray(1), 'size-mismatch'],
      [Buffer.concat([bytes, bytes]), 'size-mismatch'],
    ]
    for (const [sent, problem] of wrong) {
      registry.misbehave((request, response) => {
        if (request.url?.includes('/blobs/') !== true) return false
        response.writeHead(200).end(sent)
        return true
      })
      await assert.rejects(resolve(asking, `${registry.host}/app:latest`), { reason: 'refused', problem })
    }
  })

  it('what is not JSON, not UTF-8, of schema 1, or not an image is refused', async () => {
    for (const bytes of [
      Buffer.from('<html>'),
      Buffer.from([0x22, 0xff, 0x22]),
      Buffer.from(''),
      Buffer.from('null'),
    ])
      assert.equal((await problemWith(blobOf(OCI_MANIFEST, bytes))).problem, 'registry-protocol')
    assert.match((await problemWith(manifestOf({ schemaVersion: 1, fsLayers: [] }))).cause ?? '', /schema 1/)
    const config = { ...good.config, mediaType: 'application/vnd.oci.empty.v1+json' }
    assert.match((await problemWith(manifestOf({ ...good, config }))).cause ?? '', /not an image/)
    assert.match((await problemWith(withLayer({ mediaType: 'text/plain' }))).cause ?? '', /cannot unpack/)
  })

  it('M1: another number of diff ids than of layers is refused', async () => {
    const layers = [...good.layers, ...good.layers]
    assert.match((await problemWith(manifestOf({ ...good, layers }))).cause ?? '', /1 diff ids for 2 layers/)
  })
})
