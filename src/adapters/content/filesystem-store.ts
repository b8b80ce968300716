import { createHash } from 'node:crypto'
import { constants, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { open, rename, stat, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { ByteSource, ContentStore } from '../../domain/content/index.ts'
import type { Descriptor } from '../../domain/kernel/descriptor.ts'
import type { Digest } from '../../domain/kernel/identifiers.ts'
import type { EffectFailure } from '../../domain/kernel/problem.ts'
import { durable } from '../host/durable.ts'
import { failpoint } from '../host/failpoint.ts'
import { sharedWork } from './shared-work.ts'
import { failureOf, hasCode, refused } from './store-failure.ts'
import { begin, verified } from './verified-stream.ts'
import type { Begun } from './verified-stream.ts'

const CHUNK = 256 * 1024

type Ingest = Parameters<ContentStore['ingest']>[0]
type Stored = Readonly<{ size: number }>

/**
 * Blobs in files: `<root>/blobs/sha256/<hex>` is a blob, readable by all and writable by none; `<root>/ingest/<hex>` is
 * what there is of one so far. A blob has its name only when it is whole, right and durable: verified, fsynced,
 * renamed, its directory fsynced.
 */
export const openFilesystemStore = (root: string): ContentStore => {
  const blobs = join(root, 'blobs', 'sha256')
  const ingests = join(root, 'ingest')
  for (const directory of [blobs, ingests]) mkdirSync(directory, { recursive: true, mode: 0o700 })

  const pathOf = (digest: Digest) => join(blobs, hexOf(digest))
  const ingestOf = (digest: Digest) => join(ingests, hexOf(digest))
  const ingesting = sharedWork<Digest, Stored>()

  const sizeOf = async (digest: Digest): Promise<number | null> => {
    try {
      return (await stat(pathOf(digest))).size
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return null
      throw error
    }
  }

  const discardIngest = (digest: Digest) => unlinkIfThere(ingestOf(digest))

  /** Moves a complete file to where it can be seen. Its name is durable when this is over, and not before. */
  const publish = async (file: FileHandle, digest: Digest) => {
    failpoint('ingest received')
    await file.chmod(0o444)
    await file.sync()
    failpoint('ingest synced')
    await rename(ingestOf(digest), pathOf(digest))
    failpoint('ingest published')
    await durable([blobs])
  }

  const receive = async (blob: Descriptor, source: ByteSource, signal: AbortSignal): Promise<Stored> => {
    const { digest, size } = blob
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW
    const file = await open(ingestOf(digest), flags, 0o600)
    try {
      const begun = await hashAgain(file, size)
      try {
        await write(file, begun.bytes, verified(blob, source(begun.bytes, signal), begun))
      } catch (error) {
        // What an earlier run left may have been torn by a power cut: it is not held against the source.
        if (begun.bytes === 0 || !isMismatch(error)) throw error
        await file.truncate(0)
        await write(file, 0, verified(blob, source(0, signal)))
      }
      await publish(file, digest)
      return { size }
    } finally {
      await file.close()
    }
  }

  const ingest = async ({ blob, source, signal }: Ingest): Promise<Stored> => {
    const stored = await sizeOf(blob.digest)
    if (stored === blob.size) return { size: stored }
    if (stored !== null)
      throw refused('size-mismatch', `${blob.digest}: has ${stored} bytes, and not ${blob.size}`)
    return ingesting.share(blob.digest, signal, async shared => {
      // Another ingest may have ended between the look and the turn.
      const meanwhile = await sizeOf(blob.digest)
      if (meanwhile !== null) return { size: meanwhile }
      try {
        return await receive(blob, source, shared)
      } catch (error) {
        const { reason, problem } = failureOf('', error)
        // What will never be right is not kept, nor what would keep a full disk full.
        if (reason === 'refused' || problem === 'no-space') await discardIngest(blob.digest)
        throw error
      }
    })
  }

  const readAt = async function* (digest: Digest, range: Readonly<{ start: number; end?: number }>) {
    const file = await openBlob(pathOf(digest), digest)
    try {
      const end = Math.min(range.end ?? Infinity, (await file.stat()).size)
      for (let at = range.start; at < end; ) {
        const { bytesRead, buffer } = await file.read(
          Buffer.allocUnsafe(Math.min(CHUNK, end - at)),
          0,
          null,
          at,
        )
        if (bytesRead === 0) return
        at += bytesRead
        yield bytesRead === buffer.length ? buffer : buffer.subarray(0, bytesRead)
      }
    } finally {
      await file.close()
    }
  }

  const readWhole = async (digest: Digest, limit: number): Promise<Uint8Array> => {
    const file = await openBlob(pathOf(digest), digest)
    try {
      const { size } = await file.stat()
      if (size > limit) throw refused('too-large', `${digest}: has ${size} bytes, more than ${limit}`)
      const bytes = await file.readFile()
      const actual = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
      if (actual !== digest) throw refused('digest-mismatch', `${pathOf(digest)}: the content is ${actual}`)
      return bytes
    } finally {
      await file.close()
    }
  }

  const remove = async (digest: Digest) => {
    await unlinkIfThere(pathOf(digest))
    failpoint('blob unlinked')
    if (!ingesting.isUnderWay(digest)) await discardIngest(digest)
    await durable([blobs])
  }

  return {
    stat: digest =>
      attempt(`stat ${digest}`, async () => {
        const size = await sizeOf(digest)
        return size === null ? O.none : O.some({ size })
      }),
    ingest: asked => attempt(`ingest ${asked.blob.digest}`, () => ingest(asked)),
    put: (blob, bytes) =>
      attempt(`put ${blob.digest}`, async () => {
        const source: ByteSource = async function* (offset) {
          yield bytes.subarray(offset)
        }
        await ingest({ blob, source, signal: NEVER })
      }),
    bytes: (digest, limit) => attempt(`read ${digest}`, () => readWhole(digest, limit)),
    read: (digest, range = { start: 0 }) => failingAs(`read ${digest}`, readAt(digest, range)),
    path: pathOf,
    remove: digest => attempt(`remove ${digest}`, () => remove(digest)),
  }
}

/** Removes unfinished ingests that nobody will go on with: those whose digest is not wanted. */
export const sweepIngests = (root: string, isWanted: (digest: Digest) => boolean): ReadonlyArray<Digest> => {
  const directory = join(root, 'ingest')
  const gone = readdirSync(directory)
    .map(hex => `sha256:${hex}` as Digest)
    .filter(digest => !isWanted(digest))
  for (const digest of gone) rmSync(join(directory, hexOf(digest)), { force: true })
  return gone
}

const NEVER = new AbortController().signal

/** A digest was checked when it became one (`Digest`): what follows the colon is 64 hexadecimal digits. */
const hexOf = (digest: Digest) => digest.slice('sha256:'.length)

const isMismatch = (error: unknown) => failureOf('', error).problem.endsWith('-mismatch')

/** Hashes what is in a file already. More than the blob has can only be wrong: then nothing is. */
const hashAgain = async (file: FileHandle, size: number): Promise<Begun> => {
  const { size: there } = await file.stat()
  if (there > size) {
    await file.truncate(0)
    return begin()
  }
  const { hash } = begin()
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(there, 1)))
  let bytes = 0
  while (bytes < there) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, there - bytes), bytes)
    if (bytesRead === 0) break
    hash.update(buffer.subarray(0, bytesRead))
    bytes += bytesRead
  }
  return { hash, bytes }
}

/** One piece is being written while the next is received and hashed; there are never more than two. */
const write = async (file: FileHandle, from: number, pieces: AsyncIterable<Uint8Array>) => {
  let at = from
  let writing: Promise<void> = Promise.resolve()
  try {
    for await (const piece of pieces) {
      await writing
      writing = writeAll(file, piece, at)
      // It is awaited before the next one, and below; a failure in between is not an unhandled one.
      writing.catch(() => {})
      at += piece.length
    }
  } finally {
    await writing
  }
}

const writeAll = async (file: FileHandle, bytes: Uint8Array, position: number) => {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}

const openBlob = async (path: string, digest: Digest): Promise<FileHandle> => {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    throw hasCode(error, 'ENOENT') ? refused('blob-missing', `${digest}: there is no such blob`) : error
  }
}

const unlinkIfThere = async (path: string) => {
  try {
    await unlink(path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
}

const attempt =
  <A>(doing: string, run: () => Promise<A>): TaskEither<EffectFailure, A> =>
  async () => {
    try {
      return E.right(await run())
    } catch (error) {
      return E.left(failureOf(doing, error))
    }
  }

async function* failingAs(doing: string, source: AsyncIterable<Uint8Array>) {
  try {
    yield* source
  } catch (error) {
    throw failureOf(doing, error)
  }
}
