import type { AllStreamRecordedEvent, ReadPosition, RecordedEvent } from '@eventstore/db-client'
import type { Metadata, Position, Recorded, Revision, Stored, StreamName } from '../../domain/kernel/store.ts'
import { Unreadable } from './unreadable.ts'

// Between EventStoreDB's words and ours, without its client: everything here is plain data.

/** Where to begin after a position; the server's own start is exclusive too, except for reads. */
export const fromPosition = (position: Position): ReadPosition =>
  position === 0 ? 'start' : { commit: BigInt(position), prepare: BigInt(position) }

/** Revisions count from 0 there and from 1 here. There is no "any": only exact revisions make a repetition safe. */
export const expectedRevision = (expected: Revision): bigint | 'no_stream' =>
  expected === 0 ? 'no_stream' : BigInt(expected - 1)

export const toRevision = (revision: bigint): Revision => safe(revision, 'revision') + 1

/** Commit and prepare position are the same for every event that was written outside of a transaction. */
export const toPosition = (commit: bigint): Position => safe(commit, 'position')

const safe = (value: bigint, what: string): number => {
  const number = Number(value)
  if (!Number.isSafeInteger(number) || number < 0)
    throw new Error(`a ${what} beyond what can be counted: ${value}`)
  return number
}

/** Throws where it is not an event of ours: what wrote it did not know our rules. */
export const toRecorded = (event: RecordedEvent | AllStreamRecordedEvent): Recorded<Stored> => {
  const { streamId, id, revision, position, created, data, metadata } = event
  if (!isObject(data) || typeof data['type'] !== 'string' || !isObject(metadata) || position === undefined)
    throw new Unreadable(
      streamId as StreamName,
      `event ${id} at ${position?.commit ?? '?'} was not written by shiplog`,
    )
  return {
    event: data as Stored,
    id,
    stream: streamId as StreamName,
    revision: toRevision(revision),
    position: toPosition(position.commit),
    recordedAt: created,
    metadata: metadata as Metadata,
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !(value instanceof Uint8Array)

/** The streams of some categories of one node: `<category>-<node>` itself and all below it. */
export const streamsOfNode = (categories: ReadonlyArray<string>, node: string) => {
  const names = [...new Set(categories)].map(category => `${category}-${node}`)
  return {
    /** What the server filters by. It lets through other nodes whose names begin with this one's. */
    prefixes: names,
    includes: (stream: string) => names.some(name => stream === name || stream.startsWith(`${name}/`)),
  }
}

/**
 * User and password of a connection string. Appends must carry some, or the client takes its batched call; in insecure
 * mode they are dropped on the way.
 */
export const credentialsIn = (url: string): Readonly<{ username: string; password: string }> => {
  const [, username, password] = /^[^:]+:\/\/([^:/?@]+):([^/?@]*)@/.exec(url) ?? []
  return username === undefined
    ? { username: 'shiplog', password: 'shiplog' }
    : { username: decodeURIComponent(username), password: decodeURIComponent(password ?? '') }
}

/**
 * What an error of the client means. `conflict`: the stream is elsewhere. `refused`: asking again is no use. `unknown`:
 * it may have been done or not, or it may work later; with the same ids and the same exact revision it can be asked
 * again without harm. Errors often come without a type, so the gRPC code is looked at first.
 */
export const meaningOf = (error: unknown): 'conflict' | 'missing' | 'refused' | 'unknown' => {
  const { type, code, message = '' } = Object(error) as { type?: string; code?: number; message?: string }
  if (type === 'wrong-expected-version') return 'conflict'
  if (type === 'stream-not-found') return 'missing'
  if (refusals.has(type ?? '') || refusalCodes.has(code ?? -1)) return 'refused'
  return type === 'unknown' && /BadRequest/.test(message) ? 'refused' : 'unknown'
}

const refusals = new Set([
  'access-denied',
  'invalid-argument',
  'stream-deleted',
  'maximum-append-size-exceeded',
  'missing-required-metadata-property',
  'unsupported',
])

/** INVALID_ARGUMENT, PERMISSION_DENIED, UNIMPLEMENTED, UNAUTHENTICATED. */
const refusalCodes = new Set([3, 7, 12, 16])
