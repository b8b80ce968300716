import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { pipeline, Readable } from 'node:stream'
import { constants, createGunzip, createZstdDecompress } from 'node:zlib'
import { collectBuffers } from '../host/memory.ts'
import { LayerRefused } from './refusal.ts'

export type Limits = Readonly<{
  /** Bytes a layer may have uncompressed. */
  bytes: number
  /** Beyond so many bytes, it may have no more than so many times what it has compressed. */
  ratio: Readonly<{ beyond: number; times: number }>
  /** Entries its archive may have. */
  entries: number
}>

/**
 * Far beyond any honest layer; the disk's own limits come first on most machines. What is packed well is packed to a
 * tenth; gzip can pack to a thousandth, and only zeros become that. A bomb is over when it has 2 GiB.
 */
export const generous: Limits = {
  bytes: 256 * 2 ** 30,
  ratio: { beyond: 2 * 2 ** 30, times: 100 },
  entries: 8_000_000,
}

/**
 * A blob's tar, whatever it was compressed with: its first bytes say so, not its media type, as in every other engine.
 * gzip of several members and zstd of several frames are one stream; zeros after gzip, and anything after zstd, are
 * padding. A zstd frame may ask for 128 MiB of window at most.
 *
 * Chunks are large (see `chunkSize`), because each one costs a round through the event loop; inflating happens in
 * libuv's threads, beside what the caller does with the chunk before.
 *
 * @throws LayerRefused `corrupt-archive`, or `too-large` when more comes out than the limits allow
 */
export async function* decompressed(
  blobPath: string,
  { bytes, ratio }: Omit<Limits, 'entries'>,
  progress: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  const packed = statSync(blobPath).size
  const limit = Math.min(bytes, Math.max(ratio.beyond, packed * ratio.times))
  let total = 0
  let collected = 0
  for await (const chunk of inflated(blobPath, progress)) {
    total += chunk.length
    if (total - collected > COLLECT_EVERY) {
      collected = total
      collectBuffers()
    }
    if (total > limit)
      throw new LayerRefused('too-large', `more than ${limit} bytes uncompressed, out of ${packed}`)
    yield chunk
  }
}

/** Chunks are garbage as soon as they are written, and V8 does not know how much there is of it. */
const COLLECT_EVERY = 32 * 2 ** 20

/** Measured: 64 KiB chunks cost a quarter more than 1 MiB ones; 256 KiB cost 3 % more, in a quarter of the memory. */
const chunkSize = 256 * 1024

async function* inflated(blobPath: string, progress: (bytes: number) => void): AsyncGenerator<Buffer> {
  const decompressor = decompressorOf(blobPath)
  if (decompressor === null) {
    yield* chunksOf(blobPath, progress)
    return
  }
  let unreadable: unknown
  const source = async function* () {
    try {
      yield* chunksOf(blobPath, progress)
    } catch (error) {
      unreadable = error
      throw error
    }
  }
  try {
    // The error of either end of a pipeline destroys the other, and comes out of the loop.
    yield* pipeline(Readable.from(source()), decompressor, () => {}) as AsyncIterable<Buffer>
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    if (unreadable !== undefined || code === 'Z_MEM_ERROR') throw error
    throw new LayerRefused('corrupt-archive', `cannot be decompressed: ${message}`)
  }
}

/** Blobs are local files: reading one synchronously is quicker than asking libuv's threads to. */
function* chunksOf(blobPath: string, progress: (bytes: number) => void): Generator<Buffer> {
  const fd = openSync(blobPath, 'r')
  try {
    for (let read = 0; ; ) {
      // A new one each time: whoever is given it may keep it for a while.
      const chunk = Buffer.allocUnsafeSlow(chunkSize)
      const length = readSync(fd, chunk)
      if (length === 0) return
      read += length
      progress(read)
      yield length === chunkSize ? chunk : chunk.subarray(0, length)
    }
  } finally {
    closeSync(fd)
  }
}

const decompressorOf = (blobPath: string) => {
  const head = Buffer.alloc(4)
  const fd = openSync(blobPath, 'r')
  try {
    readSync(fd, head)
  } finally {
    closeSync(fd)
  }
  if (head.readUInt16BE(0) === 0x1f8b) return createGunzip({ chunkSize })
  const word = head.readUInt32LE(0)
  // A frame (RFC 8878, 3.1.1), or a skippable one (3.1.2), which zstd:chunked and pzstd begin with.
  return word === 0xfd2fb528 || (word & 0xfffffff0) >>> 0 === 0x184d2a50
    ? createZstdDecompress({ chunkSize, params: { [constants.ZSTD_d_windowLogMax]: 27 } })
    : null
}
