import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type { ByteSource, ContentStore } from '../../src/domain/content/index.ts'
import type { Descriptor } from '../../src/domain/kernel/descriptor.ts'
import type { Digest } from '../../src/domain/kernel/identifiers.ts'

const blobOf = (bytes: Uint8Array): Descriptor => ({
  mediaType: 'application/octet-stream',
  digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest,
  size: bytes.length,
})

const bytes = Buffer.from('what goes in comes out, or nothing does')
const blob = blobOf(bytes)
const signal = new AbortController().signal

const from = (whole: Uint8Array, asked: Array<number> = []): ByteSource =>
  async function* (offset) {
    asked.push(offset)
    for (let i = offset; i < whole.length; i += 7) yield whole.subarray(i, i + 7)
  }

const breaksAfter = (whole: Uint8Array, length: number): ByteSource =>
  async function* (offset) {
    yield whole.subarray(offset, length)
    throw { reason: 'unavailable', problem: 'registry-unreachable', cause: 'the connection broke' }
  }

const problemOf = (result: E.Either<{ problem: string }, unknown>) =>
  E.isLeft(result) ? result.left.problem : 'none'

/** What every content store must do. */
export const contentStoreContract = (
  name: string,
  open: () => Promise<ContentStore & AsyncDisposable>,
): void => {
  void describe(`${name} is a content store`, () => {
    it('gives back what was ingested', async () => {
      await using store = await open()
      assert.deepEqual(await store.stat(blob.digest)(), E.right(O.none))
      assert.deepEqual(
        await store.ingest({ blob, source: from(bytes), signal })(),
        E.right({ size: bytes.length }),
      )
      assert.deepEqual(await store.stat(blob.digest)(), E.right(O.some({ size: bytes.length })))
      assert.deepEqual(await store.bytes(blob.digest, 1000)(), E.right(bytes))
    })

    it('does not ask for what it has', async () => {
      await using store = await open()
      const asked: Array<number> = []
      for (let i = 0; i < 3; i++) await store.ingest({ blob, source: from(bytes, asked), signal })()
      assert.deepEqual(asked, [0])
    })

    it('goes on where a broken transfer stopped', async () => {
      await using store = await open()
      const broken = await store.ingest({ blob, source: breaksAfter(bytes, 10), signal })()
      assert.equal(problemOf(broken), 'registry-unreachable')
      assert.deepEqual(await store.stat(blob.digest)(), E.right(O.none))
      const asked: Array<number> = []
      assert.ok(E.isRight(await store.ingest({ blob, source: from(bytes, asked), signal })()))
      assert.deepEqual(asked, [10])
    })

    it('shares the work of those who want the same at the same time', async () => {
      await using store = await open()
      const asked: Array<number> = []
      const all = await Promise.all(
        Array.from({ length: 5 }, () => store.ingest({ blob, source: from(bytes, asked), signal })()),
      )
      assert.ok(all.every(E.isRight))
      assert.deepEqual(asked, [0])
    })

    it('refuses bytes with another digest, and forgets them (R1)', async () => {
      await using store = await open()
      const other = Buffer.from(bytes).fill('x', 0, 1)
      assert.equal(problemOf(await store.ingest({ blob, source: from(other), signal })()), 'digest-mismatch')
      assert.deepEqual(await store.stat(blob.digest)(), E.right(O.none))
      assert.ok(E.isRight(await store.ingest({ blob, source: from(bytes), signal })()))
    })

    it('refuses more or fewer bytes than were announced (R2)', async () => {
      await using store = await open()
      const more = Buffer.concat([bytes, bytes])
      assert.equal(problemOf(await store.ingest({ blob, source: from(more), signal })()), 'size-mismatch')
      const fewer = bytes.subarray(0, 5)
      assert.equal(problemOf(await store.ingest({ blob, source: from(fewer), signal })()), 'size-mismatch')
    })

    it('reads no more of an endless blob than was announced (R3)', async () => {
      await using store = await open()
      let given = 0
      const endless: ByteSource = async function* () {
        for (;;) {
          given += 7
          yield bytes.subarray(0, 7)
        }
      }
      assert.equal(problemOf(await store.ingest({ blob, source: endless, signal })()), 'size-mismatch')
      assert.ok(given <= bytes.length + 7)
    })

    it('stores what is at hand, verified all the same', async () => {
      await using store = await open()
      assert.ok(E.isRight(await store.put(blob, bytes)()))
      const wrong = { ...blob, digest: blobOf(Buffer.from('other')).digest }
      assert.equal(problemOf(await store.put(wrong, bytes)()), 'digest-mismatch')
    })

    it('reads a part', async () => {
      await using store = await open()
      await store.put(blob, bytes)()
      const read: Array<Uint8Array> = []
      for await (const chunk of store.read(blob.digest, { start: 5, end: 12 })) read.push(chunk)
      assert.deepEqual(Buffer.concat(read), bytes.subarray(5, 12))
    })

    it('does not hand out more at once than one is ready for', async () => {
      await using store = await open()
      await store.put(blob, bytes)()
      assert.equal(problemOf(await store.bytes(blob.digest, 5)()), 'too-large')
      assert.equal(problemOf(await store.bytes(blobOf(Buffer.from('other')).digest, 5)()), 'blob-missing')
    })

    it('lets go of a blob, and of one that is not there', async () => {
      await using store = await open()
      await store.put(blob, bytes)()
      for (let i = 0; i < 2; i++) assert.ok(E.isRight(await store.remove(blob.digest)()))
      assert.deepEqual(await store.stat(blob.digest)(), E.right(O.none))
    })
  })
}
