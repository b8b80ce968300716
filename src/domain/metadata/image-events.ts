import * as t from 'io-ts'
import { Descriptor, Layer } from '../kernel/descriptor.ts'
import { Digest, ImageName, Namespace, SnapshotKey } from '../kernel/identifiers.ts'
import { ImageConfig } from '../kernel/image-config.ts'

// These shapes are stored for ever. Add events, or add an upcaster; never edit one.

/** What a name stands for: enough to make a container from it without a look anywhere else. */
export const Target = t.strict({
  index: t.union([Descriptor, t.null]),
  manifest: Descriptor,
  config: Descriptor,
  layers: t.readonlyArray(Layer),
  image: ImageConfig,
})
export type Target = t.TypeOf<typeof Target>

/** From now on the name stands for this. `source` says where the target came from: a pull's id, or another name. */
const ImageNamed = t.strict({
  type: t.literal('ImageNamed'),
  namespace: Namespace,
  name: ImageName,
  target: Target,
  source: t.union([
    t.strict({ kind: t.literal('pull'), pull: t.string }),
    t.strict({ kind: t.literal('tag'), from: ImageName }),
  ]),
})

/** An intent: the name is to go, and with it what nothing else refers to. */
const ImageRemoveRequested = t.strict({
  type: t.literal('ImageRemoveRequested'),
  namespace: Namespace,
  name: ImageName,
})

/** The name is gone; these blobs and snapshots (highest layer first) have lost their last reference. */
const ImageRemoved = t.strict({
  type: t.literal('ImageRemoved'),
  namespace: Namespace,
  name: ImageName,
  blobs: t.readonlyArray(Digest),
  snapshots: t.readonlyArray(SnapshotKey),
})

export const Event = t.union([ImageNamed, ImageRemoveRequested, ImageRemoved], 'ImageEvent')
export type Event = t.TypeOf<typeof Event>
export type EventOf<Type extends Event['type']> = Extract<Event, { type: Type }>
