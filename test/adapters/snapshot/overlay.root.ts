import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { mount, MS, unmount } from '../../../src/adapters/host/mount.ts'
import { generous } from '../../../src/adapters/snapshot/decompress.ts'
import { overlayDriver } from '../../../src/adapters/snapshot/overlay.ts'
import { unpackPool } from '../../../src/adapters/snapshot/unpack-pool.ts'
import type { Layer } from '../../../src/domain/kernel/descriptor.ts'
import type { Digest, SnapshotKey } from '../../../src/domain/kernel/identifiers.ts'
import { snapshotDriverContract } from '../../contract/snapshot-driver.contract.ts'
import { archive } from './raw-tar.ts'
import { diffIdOf } from './unpacked.ts'

/** A file system of the test's own: an overlay cannot stand on every directory a test may be run in. */
const disk = (options = 'size=64m') => {
  const path = mkdtempSync(join(tmpdir(), 'overlay-'))
  mount('tmpfs', path, 'tmpfs', MS.nosuid, options)
  return {
    path,
    [Symbol.dispose]: () => {
      unmount(path)
      rmSync(path, { recursive: true })
    },
  }
}

void snapshotDriverContract('the overlay', async () => {
  const own = disk()
  const driver = overlayDriver({ directory: join(own.path, 'snapshots') })
  return {
    driver,
    directory: own.path,
    [Symbol.asyncDispose]: async () => {
      await driver[Symbol.asyncDispose]()
      own[Symbol.dispose]()
    },
  }
})

const layerOf = (tar: Buffer): Layer => {
  const digest = diffIdOf(tar) as Digest
  return { blob: { mediaType: 'x', digest, size: tar.length }, diffId: digest, chainId: digest }
}

const keyOf = ({ chainId }: Layer) => chainId as string as SnapshotKey

describe('the overlay driver', () => {
  it('leaves nothing behind when the disk is full, and goes on when there is room', async () => {
    using own = disk('size=8m')
    const directory = join(own.path, 'snapshots')
    await using driver = overlayDriver({ directory })
    const tar = archive({ name: 'large', data: Buffer.alloc(3 * 2 ** 20, 'x') })
    const layer = layerOf(tar)
    const blobPath = join(own.path, 'blob')
    writeFileSync(blobPath, tar)
    writeFileSync(join(own.path, 'ballast'), Buffer.alloc(3 * 2 ** 20))
    const unpack = driver.unpack({ key: keyOf(layer), layer, blobPath })

    const full = await unpack()
    assert.ok(E.isLeft(full))
    assert.deepEqual([full.left.reason, full.left.problem], ['unavailable', 'no-space'])
    assert.deepEqual(readdirSync(join(directory, 'temporary')), [])
    assert.deepEqual(readdirSync(join(directory, 'layers')), [])

    rmSync(join(own.path, 'ballast'))
    assert.ok(E.isRight(await unpack()))
  })

  it('sweeps what a crash left, and keeps what was whole', async () => {
    using own = disk()
    const directory = join(own.path, 'snapshots')
    const tar = archive({ name: 'x', data: 'x' })
    const layer = layerOf(tar)
    const blobPath = join(own.path, 'blob')
    writeFileSync(blobPath, tar)
    {
      await using driver = overlayDriver({ directory })
      assert.ok(E.isRight(await driver.unpack({ key: keyOf(layer), layer, blobPath })()))
    }
    mkdirSync(join(directory, 'temporary', 'half', 'fs'), { recursive: true })
    rmSync(blobPath)
    await using driver = overlayDriver({ directory })
    assert.ok(E.isRight(await driver.unpack({ key: keyOf(layer), layer, blobPath })()))
    for (let i = 0; i < 200 && existsSync(join(directory, 'temporary', 'half')); i++) await setTimeout(10)
    assert.deepEqual(readdirSync(join(directory, 'temporary')), [])
  })

  it('will not have a directory an overlay cannot name', () => {
    assert.throws(() => overlayDriver({ directory: '/tmp/a:b' }), /a:b/)
  })

  it('refuses a layer that takes more than it may, in its thread', async () => {
    using own = disk()
    await using driver = overlayDriver({
      directory: join(own.path, 's'),
      limits: { ...generous, bytes: 2000, entries: 10 },
    })
    const tar = archive({ name: 'x', data: 'x'.repeat(4000) })
    const layer = layerOf(tar)
    writeFileSync(join(own.path, 'blob'), tar)
    const result = await driver.unpack({ key: keyOf(layer), layer, blobPath: join(own.path, 'blob') })()
    assert.ok(E.isLeft(result))
    assert.deepEqual([result.left.reason, result.left.problem], ['refused', 'too-large'])
    assert.match(result.left.cause, new RegExp(layer.chainId))
  })
})

describe('the threads', () => {
  it('end when there is nothing to do, and start again', async () => {
    using own = disk()
    await using pool = {
      ...unpackPool({ threads: 2, idleMs: 20 }),
      [Symbol.asyncDispose]: () => pool.close(),
    }
    const measure = () => pool.run({ task: 'measure', path: own.path, subject: 'the disk' })
    const threads = () => readdirSync('/proc/self/task').length
    const before = threads()
    for (let i = 0; i < 2; i++) {
      const results = await Promise.all(Array.from({ length: 5 }, measure))
      for (const result of results) assert.deepEqual(result, E.right({ size: 0, inodes: 1 }))
      assert.ok(threads() > before)
      for (let i = 0; i < 300 && threads() > before; i++) await setTimeout(10)
      assert.equal(threads(), before)
    }
  })

  it('give up what they were doing when they are stopped', async () => {
    const pool = unpackPool({ threads: 1 })
    const jobs = [1, 2, 3].map(() => pool.run({ task: 'measure', path: '/usr', subject: 'all' }))
    await pool.close()
    for (const result of await Promise.all([
      ...jobs,
      pool.run({ task: 'erase', path: '/none', subject: 'none' }),
    ])) {
      assert.ok(E.isLeft(result))
      assert.deepEqual([result.left.reason, result.left.problem], ['unavailable', 'interrupted'])
    }
  })

  it('fail one job, and not the next, when a job cannot be done', async () => {
    const pool = unpackPool({ threads: 1 })
    const request = {
      blobPath: '/none',
      diffId: 'x',
      limits: { ...generous, bytes: 1, entries: 1 },
      layer: '/none',
      temporary: '/none/x',
    }
    const result = await pool.run({ task: 'store', request, subject: 'layer x' })
    assert.ok(E.isLeft(result))
    assert.match(result.left.cause, /^layer x: /)
    assert.ok(E.isRight(await pool.run({ task: 'measure', path: '/none', subject: 'none' })))
    await pool.close()
  })
})
