import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import * as E from 'fp-ts/lib/Either.js'
import { chainIds } from '../../../src/adapters/distribution/chain-id.ts'
import { openFilesystemStore } from '../../../src/adapters/content/filesystem-store.ts'
import type { Digest } from '../../../src/domain/kernel/identifiers.ts'
import { startDockerRegistry } from '../../support/docker-registry.ts'
import { busyboxImage, file, pushImage, sha256 } from '../../support/image.ts'
import { amd64, client, resolve } from './asking.ts'

describe('a real registry', () => {
  let registry: Awaited<ReturnType<typeof startDockerRegistry>>
  const root = mkdtempSync(join(tmpdir(), 'pulled-'))
  before(async () => {
    registry = await startDockerRegistry()
  })
  after(async () => {
    await registry.stop()
    rmSync(root, { recursive: true })
  })

  for (const compression of ['gzip', 'zstd', 'none'] as const)
    for (const format of ['oci', 'docker'] as const)
      for (const index of [true, false])
        it(`gives an image: ${format}, ${compression}, ${index ? 'by an index' : 'by itself'}`, async () => {
          const layers = [[file('greeting', compression)], [file('kind', format)]]
          const image = await busyboxImage({ layers, platform: amd64 })
          const tag = [compression, format, index].join('-')
          const pushed = await pushImage(registry.url, 'demo/busybox', tag, image, {
            compression,
            format,
            index,
          })

          await using asking = client()
          const resolved = await resolve(asking, `${registry.host}/demo/busybox:${tag}`)
          assert.equal(resolved.manifest.digest, pushed.manifest.digest)
          assert.equal(resolved.index?.digest ?? null, pushed.index?.digest ?? null)
          assert.deepEqual(
            resolved.layers.map(({ diffId }) => diffId),
            image.layers.map(sha256),
          )
          assert.deepEqual(
            resolved.layers.map(({ chainId }) => chainId),
            chainIds(resolved.layers.map(({ diffId }) => diffId)),
          )

          const store = openFilesystemStore(join(root, tag))
          const signal = new AbortController().signal
          const stored = await Promise.all(
            resolved.layers.map(({ blob }) =>
              store.ingest({
                blob,
                signal,
                source: (offset, signal) =>
                  asking.fetch({ ...resolved, blob, offset, signal, credentialsKey: 'operation-1' }),
              })(),
            ),
          )
          assert(stored.every(E.isRight), JSON.stringify(stored))
          const bytes = await store.bytes(resolved.layers[1]?.blob.digest as Digest, 2 ** 20)()
          assert.deepEqual(bytes, E.right(Buffer.from(pushed.layers[1]?.bytes ?? [])))
        })

  it('has nothing under a name that nobody pushed', async () => {
    await using asking = client()
    await assert.rejects(resolve(asking, `${registry.host}/demo/nothing:latest`), {
      problem: 'image-not-found',
    })
  })

  it('has no image for another platform', async () => {
    await using asking = client()
    const image = await busyboxImage({ platform: amd64 })
    const platform = { os: 'linux', architecture: 's390x', variant: '' }
    for (const index of [true, false]) {
      await pushImage(registry.url, 'demo/busybox', `index-${index}`, image, { index })
      await assert.rejects(resolve(asking, `${registry.host}/demo/busybox:index-${index}`, { platform }), {
        problem: 'platform-not-found',
      })
    }
  })

  it('gives a part of a blob', async () => {
    await using asking = client()
    const pushed = await pushImage(registry.url, 'demo/busybox', 'part', await busyboxImage())
    const { layers, domain, path } = await resolve(asking, `${registry.host}/demo/busybox:part`)
    const { blob } = layers[0] ?? assert.fail()
    const signal = new AbortController().signal
    const parts: Array<Uint8Array> = []
    for await (const part of asking.fetch({ domain, path, blob, offset: 1000, signal, credentialsKey: 'x' }))
      parts.push(part)
    assert.deepEqual(Buffer.concat(parts), Buffer.from(pushed.layers[0]?.bytes ?? []).subarray(1000))
  })
})
