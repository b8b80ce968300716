import * as t from 'io-ts'
import { Descriptor, Layer, Platform } from '../kernel/descriptor.ts'
import { Failure } from '../kernel/failure.ts'
import { Digest, ImageName, Namespace, PullId } from '../kernel/identifiers.ts'
import { ImageConfig } from '../kernel/image-config.ts'

// These shapes are stored for ever. Add events, or add an upcaster; never edit one.

/** An intent: `reference` as it was asked for, `name` as it is meant in full. */
const ImagePullRequested = t.strict({
  type: t.literal('ImagePullRequested'),
  pull: PullId,
  namespace: Namespace,
  reference: t.string,
  name: ImageName,
  platform: Platform,
})

/** What the name stood for when we asked, and who answered (`mirror` is null where it was the registry itself). */
const ManifestResolved = t.strict({
  type: t.literal('ManifestResolved'),
  pull: PullId,
  registry: t.string,
  mirror: t.union([t.string, t.null]),
  domain: t.string,
  path: t.string,
  index: t.union([Descriptor, t.null]),
  manifest: Descriptor,
  config: Descriptor,
  layers: t.readonlyArray(Layer),
  image: ImageConfig,
})

/**
 * An image may not speak in words that engines believe to be their own: these labels of its configuration were left
 * out, by their names. Nothing is said where there were none.
 */
const ReservedLabelsStripped = t.strict({
  type: t.literal('ReservedLabelsStripped'),
  pull: PullId,
  config: Digest,
  labels: t.readonlyArray(t.string),
})

const ImagePulled = t.strict({
  type: t.literal('ImagePulled'),
  pull: PullId,
  name: ImageName,
  manifest: Descriptor,
})

const ImagePullFailed = t.strict({ type: t.literal('ImagePullFailed'), pull: PullId, failure: Failure })

export const Event = t.union(
  [ImagePullRequested, ManifestResolved, ReservedLabelsStripped, ImagePulled, ImagePullFailed],
  'DistributionEvent',
)
export type Event = t.TypeOf<typeof Event>

export type EventOf<Type extends Event['type']> = Extract<Event, { type: Type }>
