import { bundleOf, bundles, listBundles } from './bundle/bundles.ts'
import { blobByDigest, blobs, listBlobs } from './content/blobs.ts'
import { eventById, eventsOfOperation, positionAt, timeline } from './events/timeline.ts'
import { execById, execs, execsOf } from './executor/execs.ts'
import { imageById, imageByName, images, listImages } from './metadata/images.ts'
import { onlyReferredToBy, references } from './metadata/references.ts'
import type { Projection, Reader } from './projection.ts'
import { containerByReference, containers, containersUsing, listContainers } from './runtime/containers.ts'
import { listSnapshots, snapshotByKey, snapshots } from './snapshot/snapshots.ts'

/** Everything that is remembered. */
export const projections: ReadonlyArray<Projection> = [
  blobs,
  bundles,
  containers,
  execs,
  images,
  references,
  snapshots,
  timeline,
]

/** Everything that can be asked of it. */
export const queriesOn = (db: Reader) => ({
  blobByDigest: blobByDigest(db),
  bundleOf: bundleOf(db),
  containerByReference: containerByReference(db),
  containersUsing: containersUsing(db),
  eventById: eventById(db),
  eventsOfOperation: eventsOfOperation(db),
  execById: execById(db),
  execsOf: execsOf(db),
  imageById: imageById(db),
  imageByName: imageByName(db),
  listBlobs: listBlobs(db),
  listBundles: listBundles(db),
  listContainers: listContainers(db),
  listImages: listImages(db),
  listSnapshots: listSnapshots(db),
  onlyReferredToBy: onlyReferredToBy(db),
  positionAt: positionAt(db),
  snapshotByKey: snapshotByKey(db),
})

export type Queries = ReturnType<typeof queriesOn>
