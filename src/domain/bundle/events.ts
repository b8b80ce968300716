import * as t from 'io-ts'
import { ContainerOptions } from '../kernel/container-options.ts'
import { Failure } from '../kernel/failure.ts'
import { ContainerId, Digest, Namespace } from '../kernel/identifiers.ts'
import { ImageDefaults } from '../kernel/image-config.ts'
import { Mount } from '../kernel/mount.ts'

// These shapes are stored for ever. Add events, or add an upcaster; never edit one.

/** An intent: it carries all that `config.json` is made from, but for the values of the environment. */
const BundlePrepareRequested = t.strict({
  type: t.literal('BundlePrepareRequested'),
  container: ContainerId,
  namespace: Namespace,
  mounts: t.readonlyArray(Mount),
  defaults: ImageDefaults,
  options: ContainerOptions,
})

/** `path` is the bundle's directory, `configDigest` the digest of its config.json. */
const BundlePrepared = t.strict({
  type: t.literal('BundlePrepared'),
  container: ContainerId,
  path: t.string,
  configDigest: Digest,
})

const BundlePrepareFailed = t.strict({
  type: t.literal('BundlePrepareFailed'),
  container: ContainerId,
  failure: Failure,
})

/** An intent; the container's output is kept beyond it, by a budget of age and size. */
const BundleRemoveRequested = t.strict({ type: t.literal('BundleRemoveRequested'), container: ContainerId })

const BundleRemoved = t.strict({ type: t.literal('BundleRemoved'), container: ContainerId })

export const Event = t.union(
  [BundlePrepareRequested, BundlePrepared, BundlePrepareFailed, BundleRemoveRequested, BundleRemoved],
  'BundleEvent',
)
export type Event = t.TypeOf<typeof Event>

export type EventOf<Type extends Event['type']> = Extract<Event, { type: Type }>
