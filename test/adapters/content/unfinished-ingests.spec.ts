import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import * as E from 'fp-ts/lib/Either.js'
import { openFilesystemStore, sweepIngests } from '../../../src/adapters/content/filesystem-store.ts'
import type { ByteSource } from '../../../src/domain/content/index.ts'
import type { Descriptor } from '../../../src/domain/kernel/descriptor.ts'
import type { Digest } from '../../../src/domain/kernel/identifiers.ts'

const bytes = Buffer.from('a blob that comes in several pieces')
const blob: Descriptor = {
  mediaType: 'application/octet-stream',
  digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest,
  size: bytes.length,
}
const hex = blob.digest.slice('sha256:'.length)
const signal = new AbortController().signal

const opened = () => {
  const root = mkdtempSync(join(tmpdir(), 'ingests-'))
  const ingest = join(root, 'ingest', hex)
  return {
    root,
    ingest,
    store: openFilesystemStore(root),
    ingests: () => readdirSync(join(root, 'ingest')),
    blobs: () => readdirSync(join(root, 'blobs', 'sha256')),
    [Symbol.dispose]: () => rmSync(root, { recursive: true }),
  }
}

const whole = (asked: Array<number> = []): ByteSource =>
  async function* (offset) {
    asked.push(offset)
    yield bytes.subarray(offset)
  }

/** Gives a piece, then nothing until it is aborted. */
const stuck: ByteSource = async function* (offset, signal) {
  yield bytes.subarray(offset, offset + 5)
  await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}

describe('an unfinished ingest', () => {
  it('that was torn by a power cut is begun again, and not held against the registry', async () => {
    using at = opened()
    writeFileSync(at.ingest, Buffer.alloc(10))
    const asked: Array<number> = []
    assert(E.isRight(await at.store.ingest({ blob, source: whole(asked), signal })()))
    assert.deepEqual(asked, [10, 0])
    assert.deepEqual(readFileSync(at.store.path(blob.digest)), bytes)
  })

  it('that is longer than the blob is begun again', async () => {
    using at = opened()
    writeFileSync(at.ingest, Buffer.alloc(bytes.length + 1))
    const asked: Array<number> = []
    assert(E.isRight(await at.store.ingest({ blob, source: whole(asked), signal })()))
    assert.deepEqual(asked, [0])
  })

  it('that has all bytes needs no more of them, only its name', async () => {
    using at = opened()
    writeFileSync(at.ingest, bytes)
    const source: ByteSource = async function* (offset) {
      assert.equal(offset, bytes.length)
      yield bytes.subarray(offset)
    }
    assert(E.isRight(await at.store.ingest({ blob, source, signal })()))
    assert.deepEqual(at.blobs(), [hex])
  })

  it('is not seen as a blob, and is kept when it is cancelled', async () => {
    using at = opened()
    const abort = new AbortController()
    const ingesting = at.store.ingest({ blob, source: stuck, signal: abort.signal })()
    setTimeout(() => abort.abort(), 20)
    const result = await ingesting
    assert(E.isLeft(result))
    assert.deepEqual([result.left.reason, result.left.problem], ['unavailable', 'cancelled'])
    assert.deepEqual([at.blobs(), at.ingests()], [[], [hex]])
    const asked: Array<number> = []
    assert(E.isRight(await at.store.ingest({ blob, source: whole(asked), signal })()))
    assert.deepEqual(asked, [5])
  })

  it('goes on for the others when one of those who wait for it leaves', async () => {
    using at = opened()
    const abort = new AbortController()
    const { promise: go, resolve } = Promise.withResolvers<void>()
    const slow: ByteSource = async function* (offset, signal) {
      yield bytes.subarray(offset, 5)
      await go
      signal.throwIfAborted()
      yield bytes.subarray(5)
    }
    const leaving = at.store.ingest({ blob, source: slow, signal: abort.signal })()
    const staying = at.store.ingest({ blob, source: slow, signal })()
    setTimeout(() => abort.abort(), 10)
    assert(E.isLeft(await leaving))
    resolve()
    assert(E.isRight(await staying))
  })

  it('is swept when its digest is not wanted any more', () => {
    using at = opened()
    writeFileSync(at.ingest, '')
    assert.deepEqual(
      sweepIngests(at.root, () => true),
      [],
    )
    assert.deepEqual(
      sweepIngests(at.root, () => false),
      [blob.digest],
    )
    assert.deepEqual(at.ingests(), [])
  })

  it('leaves nothing behind when the disk refuses it', async () => {
    using at = opened()
    const full: ByteSource = async function* () {
      yield bytes.subarray(0, 5)
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    }
    const result = await at.store.ingest({ blob, source: full, signal })()
    assert(E.isLeft(result))
    assert.equal(result.left.problem, 'no-space')
    assert.deepEqual(at.ingests(), [])
  })
})

describe('a stored blob', () => {
  it('can be written by nobody', async () => {
    using at = opened()
    await at.store.put(blob, bytes)()
    assert.equal(statSync(at.store.path(blob.digest)).mode & 0o777, 0o444)
  })

  it('is not another one because somebody says it has another size', async () => {
    using at = opened()
    await at.store.put(blob, bytes)()
    const result = await at.store.ingest({ blob: { ...blob, size: 3 }, source: whole(), signal })()
    assert(E.isLeft(result))
    assert.equal(result.left.problem, 'size-mismatch')
  })

  it('that was damaged on the disk is not handed out as if it were whole', async () => {
    using at = opened()
    writeFileSync(join(at.root, 'blobs', 'sha256', hex), Buffer.alloc(bytes.length))
    const result = await at.store.bytes(blob.digest, 1000)()
    assert(E.isLeft(result))
    assert.equal(result.left.problem, 'digest-mismatch')
  })

  it('that is missing fails its reader with a reason', async () => {
    using at = opened()
    await assert.rejects(
      async () => {
        for await (const _ of at.store.read(blob.digest)) assert.fail()
      },
      { reason: 'refused', problem: 'blob-missing' },
    )
  })
})
