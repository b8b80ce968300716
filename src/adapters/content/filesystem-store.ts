import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { constants, createReadStream, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { open, readFile, rename, rm, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type { ContentStore } from '../../domain/content/index.ts'
import type { Descriptor } from '../../domain/kernel/descriptor.ts'
import type { Digest } from '../../domain/kernel/identifiers.ts'
import type { EffectFailure } from '../../domain/kernel/problem.ts'

type Failed = E.Either<EffectFailure, never>
type Ingest = Parameters<ContentStore['ingest']>[0]
type Ingested = E.Either<EffectFailure, Readonly<{ size: number }>>

/** How much of a file is hashed or read at a time. */
const CHUNK = 1 << 18

const hexOf = (digest: Digest) => digest.slice('sha256:'.length)

/**
 * Blobs in files: `<root>/blobs/sha256/<hex>`, readable by all and writable by none, and unfinished ones at
 * `<root>/ingest/<hex>`. A blob has its name only when it is whole, right and durable: verified, fsynced, renamed, its
 * directory fsynced.
 */
export const openFilesystemStore = (root: string): ContentStore => {
  const blobs = join(root, 'blobs', 'sha256')
  const unfinished = join(root, 'ingest')
  for (const directory of [blobs, unfinished]) mkdirSync(directory, { recursive: true, mode: 0o700 })

  const path = (digest: Digest) => join(blobs, hexOf(digest))
  const underWay = new Map<Digest, Promise<Ingested>>()

  const statBlob = async (digest: Digest) => {
    try {
      const { size } = await stat(path(digest))
      return O.some({ size })
    } catch (error) {
      if (isMissing(error)) return O.none
      throw error
    }
  }

  /** Takes what is written and right to its place. */
  const commit = async (file: FileHandle, { digest }: Descriptor) => {
    await file.chmod(0o444)
    await file.sync()
    await rename(join(unfinished, hexOf(digest)), path(digest))
    await syncDirectory(blobs)
  }

  const ingest = async ({ blob, source, signal }: Ingest): Promise<Ingested> => {
    const stored = await statBlob(blob.digest)
    if (O.isSome(stored)) return E.right(stored.value)

    const temporary = join(unfinished, hexOf(blob.digest))
    const file = await open(temporary, constants.O_RDWR | constants.O_CREAT, 0o600)
    try {
      const hash = createHash('sha256')
      let offset = await hashed(file, hash, blob.size)
      if (offset < blob.size)
        for await (const chunk of source(offset, signal)) {
          if (offset + chunk.length > blob.size) return await refuse(temporary, tooLong(blob))
          await file.write(chunk, 0, chunk.length, offset)
          hash.update(chunk)
          offset += chunk.length
        }
      if (offset < blob.size) return await refuse(temporary, tooShort(blob, offset))
      if (`sha256:${hash.digest('hex')}` !== blob.digest) return await refuse(temporary, otherDigest(blob))
      await commit(file, blob)
      return E.right({ size: blob.size })
    } finally {
      await file.close()
    }
  }

  return {
    path,
    stat: digest => attempt(async () => E.right(await statBlob(digest))),

    ingest: work =>
      attempt(() => {
        const { digest } = work.blob
        const shared = underWay.get(digest)
        if (shared !== undefined) return shared
        const mine = ingest(work).finally(() => underWay.delete(digest))
        underWay.set(digest, mine)
        return mine
      }),

    put: (blob, bytes) =>
      attempt(async () => {
        const ingested = await ingest({
          blob,
          source: async function* (offset) {
            yield bytes.subarray(offset)
          },
          signal: new AbortController().signal,
        })
        return E.isLeft(ingested) ? ingested : E.right(undefined)
      }),

    bytes: (digest, limit) =>
      attempt(async () => {
        const stored = await statBlob(digest)
        if (O.isNone(stored)) return refused('blob-missing', `${digest}: there is no such blob`)
        if (stored.value.size > limit)
          return refused('too-large', `${digest}: ${stored.value.size} bytes are more than ${limit}`)
        return E.right(await readFile(path(digest)))
      }),

    read: (digest, { start, end } = { start: 0 }) =>
      createReadStream(path(digest), {
        start,
        ...(end === undefined ? {} : { end: end - 1 }),
        highWaterMark: CHUNK,
      }),

    remove: digest =>
      attempt(async () => {
        await rm(path(digest), { force: true })
        await rm(join(unfinished, hexOf(digest)), { force: true })
        await syncDirectory(blobs)
        return E.right(undefined)
      }),
  }
}

/** Hashes what an earlier ingest left, and says how much that was; what is longer than the blob is begun again. */
const hashed = async (file: FileHandle, hash: Hash, size: number): Promise<number> => {
  const found = (await file.stat()).size
  if (found > size) {
    await file.truncate(0)
    return 0
  }
  const buffer = Buffer.allocUnsafe(CHUNK)
  let offset = 0
  while (offset < found) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK, offset)
    if (bytesRead === 0) break
    hash.update(buffer.subarray(0, bytesRead))
    offset += bytesRead
  }
  return offset
}

const syncDirectory = async (directory: string) => {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const isMissing = (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOENT'

const refused = (problem: string, cause: string): Failed => E.left({ reason: 'refused', problem, cause })

const tooLong = ({ digest, size }: Descriptor) =>
  refused('size-mismatch', `${digest}: there are more bytes than the ${size} that were announced`)

const tooShort = ({ digest, size }: Descriptor, got: number) =>
  refused('size-mismatch', `${digest}: ${got} bytes came, ${size} were announced`)

const otherDigest = ({ digest }: Descriptor) =>
  refused('digest-mismatch', `${digest}: the bytes that came have another digest`)

/** What is wrong is no use for the next attempt. */
const refuse = async (temporary: string, failure: Failed): Promise<Failed> => {
  await rm(temporary, { force: true })
  return failure
}

const isEffectFailure = (error: unknown): error is EffectFailure =>
  typeof error === 'object' && error !== null && 'problem' in error && 'cause' in error && 'reason' in error

/** What a source throws is passed on; what the disk says may be better later. */
const attempt =
  <A>(run: () => Promise<E.Either<EffectFailure, A>>) =>
  async (): Promise<E.Either<EffectFailure, A>> => {
    try {
      return await run()
    } catch (error) {
      if (isEffectFailure(error)) return E.left(error)
      const { code, message } = error as NodeJS.ErrnoException
      return E.left({ reason: 'unavailable', problem: code ?? 'content-unavailable', cause: message })
    }
  }

/** Unfinished ingests that nobody goes on with: those whose digest is not wanted. */
export const sweepIngests = (root: string, isWanted: (digest: Digest) => boolean): ReadonlyArray<Digest> => {
  const directory = join(root, 'ingest')
  const gone = readdirSync(directory)
    .map(hex => `sha256:${hex}` as Digest)
    .filter(digest => !isWanted(digest))
  for (const digest of gone) rmSync(join(directory, hexOf(digest)), { force: true })
  return gone
}
