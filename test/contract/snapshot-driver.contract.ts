import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import * as E from 'fp-ts/lib/Either.js'
import { mountAt, unmount } from '../../src/adapters/host/mount.ts'
import type { Layer } from '../../src/domain/kernel/descriptor.ts'
import type { Digest, SnapshotKey } from '../../src/domain/kernel/identifiers.ts'
import type { Mount } from '../../src/domain/kernel/mount.ts'
import type { Driver } from '../../src/domain/snapshot/index.ts'
import { directory, file, layerTar, symlink, whiteout } from '../support/image.ts'
import type { LayerTree } from '../support/image.ts'

const digestOf = (bytes: Uint8Array | string) =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest

/** A driver, and a directory of the test's own for blobs and mountpoints. */
export type Trial = Readonly<{ driver: Driver; directory: string }> & AsyncDisposable

type Built = Readonly<{
  layers: ReadonlyArray<Layer>
  blobs: ReadonlyArray<Uint8Array>
  parents: ReadonlyArray<Digest>
}>

/** An image's layers, lowest first, with chain ids as the image specification has them. */
const build = async (...trees: ReadonlyArray<LayerTree>): Promise<Built> => {
  const tars = await Promise.all(trees.map(layerTar))
  const blobs = tars.map(tar => gzipSync(tar))
  let chainId: Digest | null = null
  const layers = tars.map((tar, i): Layer => {
    const diffId = digestOf(tar)
    chainId = chainId === null ? diffId : digestOf(`${chainId} ${diffId}`)
    const blob = blobs[i] ?? Buffer.alloc(0)
    return { blob: { mediaType: 'x', digest: digestOf(blob), size: blob.length }, diffId, chainId }
  })
  return { layers, blobs, parents: layers.map(({ chainId }) => chainId) }
}

/** The key of a layer's snapshot is its chain id. */
const layerKey = (chainId: Digest) => chainId as string as SnapshotKey

const keyOf = (name: string) => createHash('sha256').update(name).digest('hex') as SnapshotKey

const right = <A>(result: E.Either<unknown, A>): A => {
  assert.ok(E.isRight(result), JSON.stringify(result))
  return result.right
}

const problemOf = (result: E.Either<{ reason: string; problem: string }, unknown>) =>
  E.isLeft(result) ? `${result.left.reason} ${result.left.problem}` : 'none'

const unpack = ({ driver, directory }: Trial, layer: Layer, blob: Uint8Array) => {
  const blobPath = join(directory, layer.blob.digest)
  writeFileSync(blobPath, blob)
  return driver.unpack({ key: layerKey(layer.chainId), layer, blobPath })()
}

const unpackAll = async (trial: Trial, { layers, blobs }: Built, order = layers.map((_, i) => i)) =>
  Promise.all(
    order.map(async i => right(await unpack(trial, layers[i] as Layer, blobs[i] ?? Buffer.alloc(0)))),
  )

const mounted = async (
  { directory }: Trial,
  mounts: ReadonlyArray<Mount>,
  look: (root: string) => Promise<void> | void,
) => {
  const root = join(directory, 'rootfs')
  mkdirSync(root, { recursive: true })
  for (const mount of mounts) mountAt(mount, root)
  try {
    await look(root)
  } finally {
    for (const _ of mounts) unmount(root)
  }
}

const text = (root: string, name: string) => readFileSync(join(root, name), 'utf8')

const trees: ReadonlyArray<LayerTree> = [
  [
    directory('etc/'),
    file('etc/name', 'base'),
    file('etc/gone', 'x'),
    directory('old/'),
    file('old/a', 'a'),
    file('old/b', 'b'),
    { ...directory('tmp/', 0o1777), uid: 7, gid: 8 },
    symlink('lib', 'usr/lib'),
  ],
  [file('etc/name', 'middle'), whiteout('etc/gone'), file('old/.wh..wh..opq', ''), file('old/c', 'c')],
  [file('tmp/x', 'x'), file('new/y', 'y'), whiteout('new/never')],
]

/** What every driver of snapshots must do. `open` gives a new and empty one. */
export const snapshotDriverContract = (name: string, open: () => Promise<Trial>) =>
  describe(`${name} is a driver of snapshots`, () => {
    it('lays layers over each other, in whatever order they were unpacked', async () => {
      const built = await build(...trees)
      for (const order of [
        [0, 1, 2],
        [2, 1, 0],
      ]) {
        await using trial = await open()
        await unpackAll(trial, built, order)
        const mounts = right(await trial.driver.prepare({ key: keyOf('c'), parents: built.parents })())
        await mounted(trial, mounts, root => {
          assert.equal(text(root, 'etc/name'), 'middle')
          assert.deepEqual(readdirSync(join(root, 'etc')), ['name'])
          assert.deepEqual(readdirSync(join(root, 'old')), ['c'])
          assert.deepEqual(readdirSync(join(root, 'new')), ['y'])
          assert.ok(lstatSync(join(root, 'lib')).isSymbolicLink())
        })
      }
    })

    it('leaves a directory as a lower layer has it, when a higher one says nothing of it', async () => {
      await using trial = await open()
      const built = await build(...trees)
      await unpackAll(trial, built)
      const mounts = right(await trial.driver.prepare({ key: keyOf('c'), parents: built.parents })())
      await mounted(trial, mounts, root => {
        const { mode, uid, gid } = lstatSync(join(root, 'tmp'))
        assert.deepEqual([(mode & 0o7777).toString(8), uid, gid], ['1777', 7, 8])
        assert.equal(lstatSync(root).mode & 0o7777, 0o755)
      })
    })

    it('keeps what is written to one snapshot from the layers and from other snapshots', async () => {
      await using trial = await open()
      const built = await build(...trees)
      await unpackAll(trial, built)
      const one = right(await trial.driver.prepare({ key: keyOf('one'), parents: built.parents })())
      const two = right(await trial.driver.prepare({ key: keyOf('two'), parents: built.parents })())
      await mounted(trial, one, root => {
        writeFileSync(join(root, 'etc/name'), 'mine')
        rmSync(join(root, 'old'), { recursive: true })
      })
      await mounted(trial, two, root => {
        assert.equal(text(root, 'etc/name'), 'middle')
        assert.ok(existsSync(join(root, 'old/c')))
      })
      await mounted(trial, one, root => {
        assert.equal(text(root, 'etc/name'), 'mine')
        assert.ok(!existsSync(join(root, 'old')))
      })
    })

    it('answers the same when it is asked again, and keeps what was written', async () => {
      await using trial = await open()
      const built = await build(...trees)
      const first = await unpackAll(trial, built)
      assert.deepEqual(await unpackAll(trial, built), first)
      assert.deepEqual(
        first.map(({ entries }) => entries),
        trees.map(({ length }) => length),
      )
      const prepare = trial.driver.prepare({ key: keyOf('c'), parents: built.parents })
      const mounts = right(await prepare())
      await mounted(trial, mounts, root => writeFileSync(join(root, 'written'), 'x'))
      assert.deepEqual(right(await prepare()), mounts)
      await mounted(trial, mounts, root => assert.equal(text(root, 'written'), 'x'))
    })

    it('does one piece of work when a layer is asked for twice at once', async () => {
      await using trial = await open()
      const built = await build(...trees)
      const [a, b] = await Promise.all([unpackAll(trial, built), unpackAll(trial, built)])
      assert.deepEqual(a, b)
    })

    it('makes a writable snapshot of nothing', async () => {
      await using trial = await open()
      const mounts = right(await trial.driver.prepare({ key: keyOf('scratch'), parents: [] })())
      await mounted(trial, mounts, root => {
        assert.deepEqual(readdirSync(root), [])
        writeFileSync(join(root, 'x'), '')
      })
    })

    it('M2 refuses a layer that is not what its diff id says, and has nothing of it then', async () => {
      await using trial = await open()
      const { layers, blobs } = await build(...trees)
      const [layer, other] = [layers[0] as Layer, layers[1] as Layer]
      const wrong = { ...layer, diffId: other.diffId }
      const blob = blobs[0] as Uint8Array
      assert.equal(problemOf(await unpack(trial, wrong, blob)), 'refused diff-id-mismatch')
      const prepared = await trial.driver.prepare({ key: keyOf('c'), parents: [layer.chainId] })()
      assert.equal(problemOf(prepared), 'refused layer-missing')
      right(await unpack(trial, layer, blob))
    })

    it('refuses what is broken, and can do better when it is whole', async () => {
      await using trial = await open()
      const { layers, blobs } = await build(...trees)
      const [layer, blob] = [layers[0] as Layer, blobs[0] as Uint8Array]
      assert.equal(problemOf(await unpack(trial, layer, blob.subarray(0, 100))), 'refused corrupt-archive')
      right(await unpack(trial, layer, blob))
    })

    it('may be asked again when a blob is not there', async () => {
      await using trial = await open()
      const { layers } = await build(...trees)
      const layer = layers[0] as Layer
      const result = await trial.driver.unpack({
        key: layerKey(layer.chainId),
        layer,
        blobPath: join(trial.directory, 'none'),
      })()
      assert.equal(problemOf(result), 'unavailable blob-missing')
    })

    it('removes snapshots and layers, also those that are not there', async () => {
      await using trial = await open()
      const built = await build(...trees)
      await unpackAll(trial, built)
      const [layer] = built.layers as [Layer]
      right(await trial.driver.prepare({ key: keyOf('c'), parents: built.parents })())
      for (const key of [
        keyOf('c'),
        layerKey(layer.chainId),
        keyOf('c'),
        layerKey(layer.chainId),
        keyOf('never'),
      ])
        right(await trial.driver.remove(key)())
      const prepared = await trial.driver.prepare({ key: keyOf('d'), parents: built.parents })()
      assert.equal(problemOf(prepared), 'refused layer-missing')
      right(await unpack(trial, layer, built.blobs[0] as Uint8Array))
      right(await trial.driver.prepare({ key: keyOf('d'), parents: built.parents })())
    })

    it('tells what a snapshot takes, without its parents', async () => {
      await using trial = await open()
      const built = await build([file('large', Buffer.alloc(100_000, 'x'))])
      await unpackAll(trial, built)
      const layer = right(await trial.driver.usage(layerKey(built.parents[0] as Digest))())
      assert.ok(layer.size >= 100_000 && layer.size < 200_000, `${layer.size}`)
      assert.equal(layer.inodes, 2)
      const mounts = right(await trial.driver.prepare({ key: keyOf('c'), parents: built.parents })())
      const empty = right(await trial.driver.usage(keyOf('c'))())
      await mounted(trial, mounts, root => writeFileSync(join(root, 'x'), Buffer.alloc(50_000, 'x')))
      const after = right(await trial.driver.usage(keyOf('c'))())
      assert.equal(after.inodes, empty.inodes + 1)
      assert.ok(after.size - empty.size >= 50_000 && after.size - empty.size < 100_000)
    })

    it('tells how far it has read', async () => {
      await using trial = await open()
      const { layers, blobs } = await build([file('large', Buffer.alloc(4_000_000, 'x'))])
      const [layer, blob] = [layers[0] as Layer, blobs[0] as Uint8Array]
      const blobPath = join(trial.directory, 'blob')
      writeFileSync(blobPath, blob)
      const told: Array<number> = []
      right(
        await trial.driver.unpack({
          key: layerKey(layer.chainId),
          layer,
          blobPath,
          progress: bytes => told.push(bytes),
        })(),
      )
      assert.equal(told.at(-1), blob.length)
      assert.deepEqual(
        told,
        told.toSorted((a, b) => a - b),
      )
    })

    it('stacks 120 layers', async () => {
      await using trial = await open()
      const built = await build(
        ...Array.from({ length: 120 }, (_, i) => [file(`only-${i}`, ''), file('all', `${i}`)]),
      )
      await unpackAll(trial, built)
      const mounts = right(await trial.driver.prepare({ key: keyOf('c'), parents: built.parents })())
      await mounted(trial, mounts, root => {
        assert.equal(text(root, 'all'), '119')
        assert.equal(readdirSync(root).length, 121)
      })
    })
  })
