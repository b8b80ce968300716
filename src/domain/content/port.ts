import type { Option } from 'fp-ts/lib/Option.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Descriptor } from '../kernel/descriptor.ts'
import type { Digest } from '../kernel/identifiers.ts'
import type { EffectFailure } from '../kernel/problem.ts'

/** Bytes from somewhere, beginning at `offset`. It throws an `EffectFailure` where they cannot be had. */
export type ByteSource = (offset: number, signal: AbortSignal) => AsyncIterable<Uint8Array>

/**
 * Where blobs are, by their digest.
 *
 * `ingest` is an *ensure*: a right means "the blob is stored, verified and durable", not "because of this call". What
 * an earlier ingest left unfinished is hashed again and gone on with; two ingests of one digest share the work. Until
 * it is complete the content is visible to nobody. More bytes than the descriptor says are never read.
 */
export type ContentStore = Readonly<{
  /** The size of a stored blob. */
  stat: (digest: Digest) => TaskEither<EffectFailure, Option<Readonly<{ size: number }>>>
  ingest: (
    ingest: Readonly<{ blob: Descriptor; source: ByteSource; signal: AbortSignal }>,
  ) => TaskEither<EffectFailure, Readonly<{ size: number }>>
  /** Stores bytes that are at hand; they are verified all the same. */
  put: (blob: Descriptor, bytes: Uint8Array) => TaskEither<EffectFailure, void>
  /** A whole blob, for what is small (`limit` in bytes); `problem` is `blob-missing` where there is none. */
  bytes: (digest: Digest, limit: number) => TaskEither<EffectFailure, Uint8Array>
  /** A stored blob's bytes, from `start` to before `end`. */
  read: (digest: Digest, range?: Readonly<{ start: number; end?: number }>) => AsyncIterable<Uint8Array>
  /** Where a stored blob is on disk: for readers in threads of their own. */
  path: (digest: Digest) => string
  /** A right means "it is not there (any more)". */
  remove: (digest: Digest) => TaskEither<EffectFailure, void>
}>
