import * as t from 'io-ts'
import { Descriptor } from '../kernel/descriptor.ts'
import { Failure } from '../kernel/failure.ts'
import { Digest, PullId } from '../kernel/identifiers.ts'

// These shapes are stored for ever. Add events, or add an upcaster; never edit one.

/** Where a blob can be had: a repository of a registry (`docker.io`, `library/alpine`). */
export const Source = t.strict({ domain: t.string, path: t.string }, 'Source')
export type Source = t.TypeOf<typeof Source>

/** An intent: it carries all the content store needs to get the blob. `pull` is the one that asked first. */
const BlobFetchRequested = t.strict({
  type: t.literal('BlobFetchRequested'),
  blob: Descriptor,
  source: Source,
  pull: PullId,
})

/** The blob is in the content store, verified and durable. */
const BlobStored = t.strict({ type: t.literal('BlobStored'), blob: Descriptor })

const BlobFetchFailed = t.strict({ type: t.literal('BlobFetchFailed'), digest: Digest, failure: Failure })

/** An intent: nothing refers to the blob any more; `because` says what let go of it last. */
const BlobRemoveRequested = t.strict({
  type: t.literal('BlobRemoveRequested'),
  digest: Digest,
  because: t.string,
})

const BlobRemoved = t.strict({ type: t.literal('BlobRemoved'), digest: Digest })

export const Event = t.union(
  [BlobFetchRequested, BlobStored, BlobFetchFailed, BlobRemoveRequested, BlobRemoved],
  'ContentEvent',
)
export type Event = t.TypeOf<typeof Event>

export type EventOf<Type extends Event['type']> = Extract<Event, { type: Type }>
