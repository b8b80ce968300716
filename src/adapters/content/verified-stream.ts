import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import type { Descriptor } from '../../domain/kernel/descriptor.ts'
import { refused } from './store-failure.ts'

/** The event loop is held for the hashing of one piece at most: 256 KiB take a quarter of a millisecond. */
const PIECE = 256 * 1024

/** Bytes that were hashed already, at another time: where a stream goes on. */
export type Begun = Readonly<{ hash: Hash; bytes: number }>

export const begin = (): Begun => ({ hash: createHash('sha256'), bytes: 0 })

/**
 * Passes a blob's bytes on, and throws at its end unless they are what the descriptor says. The first byte above its
 * size is the last that is looked at; no piece that goes over is passed on. A consumer must not believe anything
 * before the stream has ended well.
 */
export async function* verified(
  { digest, size }: Descriptor,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { hash, bytes }: Begun = begin(),
): AsyncGenerator<Uint8Array, void, undefined> {
  let seen = bytes
  for await (const chunk of source) {
    if (seen + chunk.length > size)
      throw refused('size-mismatch', `${digest}: more than the ${size} bytes that were promised`)
    for (let at = 0; at < chunk.length; at += PIECE) {
      const piece = chunk.length <= PIECE ? chunk : chunk.subarray(at, at + PIECE)
      hash.update(piece)
      yield piece
    }
    seen += chunk.length
  }
  if (seen < size)
    throw refused('size-mismatch', `${digest}: ${seen} bytes instead of the ${size} that were promised`)
  const actual = `sha256:${hash.digest('hex')}`
  if (actual !== digest) throw refused('digest-mismatch', `${digest}: the content is ${actual}`)
}
