import * as t from 'io-ts'
import { Layer, Size } from '../kernel/descriptor.ts'
import { Failure } from '../kernel/failure.ts'
import { Digest, SnapshotKey } from '../kernel/identifiers.ts'
import { Mount } from '../kernel/mount.ts'

// These shapes are stored for ever. Add events, or add an upcaster; never edit one.

/** An intent: a layer, whose blob is in the content store, is to become a committed snapshot named by its chain id. */
const LayerUnpackRequested = t.strict({
  type: t.literal('LayerUnpackRequested'),
  key: SnapshotKey,
  layer: Layer,
})

/** The layer is on disk, whole; its diff id was verified. `size` in bytes, `entries` of its archive. */
const LayerUnpacked = t.strict({
  type: t.literal('LayerUnpacked'),
  key: SnapshotKey,
  layer: Layer,
  size: Size,
  entries: t.number,
})

const LayerUnpackFailed = t.strict({
  type: t.literal('LayerUnpackFailed'),
  key: SnapshotKey,
  failure: Failure,
})

/** An intent: a writable snapshot on top of these layers (chain ids, lowest first). */
const SnapshotPrepareRequested = t.strict({
  type: t.literal('SnapshotPrepareRequested'),
  key: SnapshotKey,
  parents: t.readonlyArray(Digest),
})

const SnapshotPrepared = t.strict({
  type: t.literal('SnapshotPrepared'),
  key: SnapshotKey,
  mounts: t.readonlyArray(Mount),
})

const SnapshotPrepareFailed = t.strict({
  type: t.literal('SnapshotPrepareFailed'),
  key: SnapshotKey,
  failure: Failure,
})

/** An intent; `because` says what let go of the snapshot last. */
const SnapshotRemoveRequested = t.strict({
  type: t.literal('SnapshotRemoveRequested'),
  key: SnapshotKey,
  because: t.string,
})

const SnapshotRemoved = t.strict({ type: t.literal('SnapshotRemoved'), key: SnapshotKey })

export const Event = t.union(
  [
    LayerUnpackRequested,
    LayerUnpacked,
    LayerUnpackFailed,
    SnapshotPrepareRequested,
    SnapshotPrepared,
    SnapshotPrepareFailed,
    SnapshotRemoveRequested,
    SnapshotRemoved,
  ],
  'SnapshotEvent',
)
export type Event = t.TypeOf<typeof Event>

export type EventOf<Type extends Event['type']> = Extract<Event, { type: Type }>
