import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { mount, mountAt, MS, unmount } from '../../../src/adapters/host/mount.ts'
import { overlayDriver } from '../../../src/adapters/snapshot/overlay.ts'
import type { Layer } from '../../../src/domain/kernel/descriptor.ts'
import type { Digest, SnapshotKey } from '../../../src/domain/kernel/identifiers.ts'
import { runs } from '../../support/long.ts'
import { chain } from './layer-chain.ts'
import type { Chain } from './layer-chain.ts'
import { treeOf } from './unpacked.ts'

const digestOf = (bytes: Uint8Array | string) =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest

type Built = ReadonlyArray<Readonly<{ layer: Layer; bytes: Buffer }>>

const built = ({ layers }: Chain): Built => {
  let chainId: Digest | null = null
  return layers.map(({ tar, gzip }) => {
    const bytes = gzip ? gzipSync(tar) : tar
    const diffId = digestOf(tar)
    chainId = chainId === null ? diffId : digestOf(`${chainId} ${diffId}`)
    const mediaType = `application/vnd.oci.image.layer.v1.tar${gzip ? '+gzip' : ''}`
    return {
      bytes,
      layer: { blob: { mediaType, digest: digestOf(bytes), size: bytes.length }, diffId, chainId },
    }
  })
}

/** An OCI image layout (image-spec, image-layout.md) with one image, `latest`. */
const layout = (directory: string, layers: Built) => {
  const blobs = join(directory, 'blobs/sha256')
  mkdirSync(blobs, { recursive: true })
  const add = (mediaType: string, bytes: Buffer) => {
    const digest = digestOf(bytes)
    writeFileSync(join(blobs, digest.slice(7)), bytes)
    return { mediaType, digest, size: bytes.length }
  }
  const addJson = (mediaType: string, value: unknown) => add(mediaType, Buffer.from(JSON.stringify(value)))
  const config = addJson('application/vnd.oci.image.config.v1+json', {
    os: 'linux',
    architecture: 'amd64',
    rootfs: { type: 'layers', diff_ids: layers.map(({ layer }) => layer.diffId) },
  })
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = addJson(mediaType, {
    schemaVersion: 2,
    mediaType,
    config,
    layers: layers.map(({ layer, bytes }) => add(layer.blob.mediaType, bytes)),
  })
  const annotations = { 'org.opencontainers.image.ref.name': 'latest' }
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  writeFileSync(
    join(directory, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
  )
}

/** A file system of the test's own, as fast as memory, that an overlay can stand on. */
const disk = () => {
  const path = mkdtempSync(join(tmpdir(), 'umoci-'))
  mount('tmpfs', path, 'tmpfs', MS.nosuid, 'size=512m')
  return {
    path,
    [Symbol.dispose]: () => {
      unmount(path)
      rmSync(path, { recursive: true })
    },
  }
}

/** When the root itself was changed is nobody's to say: layers need not have it, and umoci gives it the time 0. */
const withoutOwnTime = (tree: ReturnType<typeof treeOf>) =>
  Object.fromEntries(
    Object.entries(tree).map(([path, look]) => [
      path,
      path === '.' ? { ...(look as object), modified: null } : look,
    ]),
  )

const right = <A>(result: E.Either<unknown, A>): A => {
  assert.ok(E.isRight(result), JSON.stringify(result))
  return result.right
}

describe('images of every kind', () => {
  it('are the same trees as umoci makes of them', async () => {
    using own = disk()
    await using driver = overlayDriver({ directory: join(own.path, 'snapshots') })

    await fc.assert(
      fc.asyncProperty(chain, async chain => {
        const layers = built(chain)
        const place = join(own.path, 'trial')
        const theirs = join(place, 'theirs')
        const ours = join(place, 'ours')
        const key = 'f'.repeat(64) as SnapshotKey
        mkdirSync(ours, { recursive: true })
        try {
          layout(join(place, 'image'), layers)
          await promisify(execFile)('umoci', [
            'raw',
            'unpack',
            '--image',
            `${join(place, 'image')}:latest`,
            theirs,
          ])
          for (const { layer } of layers) {
            const blobPath = join(place, 'image/blobs/sha256', layer.blob.digest.slice(7))
            right(await driver.unpack({ key: layer.chainId as string as SnapshotKey, layer, blobPath })())
          }
          const parents = layers.map(({ layer }) => layer.chainId)
          const [only] = right(await driver.prepare({ key, parents })())
          assert.ok(only !== undefined)
          mountAt(only, ours)
          try {
            assert.deepEqual(withoutOwnTime(treeOf(ours)), withoutOwnTime(treeOf(theirs)))
          } finally {
            unmount(ours)
          }
        } finally {
          right(await driver.remove(key)())
          for (const { layer } of layers) right(await driver.remove(layer.chainId as string as SnapshotKey)())
          rmSync(place, { recursive: true, force: true })
        }
      }),
      { numRuns: runs(50, 1000) },
    )
  })
})
