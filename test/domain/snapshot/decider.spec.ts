import { describe, it } from 'node:test'
import type * as Snapshot from '../../../src/domain/snapshot/index.ts'
import { Event, decider, owed } from '../../../src/domain/snapshot/index.ts'
import type { SnapshotKey } from '../../../src/domain/kernel/identifiers.ts'
import { containerId, layer, layerKey } from '../../support/examples.ts'
import { everyHistory } from '../../support/every-history.ts'
import { specification } from '../../support/specification.ts'

const { given } = specification(decider)

const base = layer(1)
const key = layerKey(base)
const rootfs = containerId() as string as SnapshotKey
const parents = [base.chainId]
const mounts = [{ type: 'overlay', source: 'overlay', options: ['lowerdir=1'] }]
const failure = { problem: 'diff-id-mismatch', cause: 'the layer is not what its config says' }

const unpack: Snapshot.Command = { type: 'UnpackLayer', key, layer: base }
const unpackRequested: Snapshot.Event = { type: 'LayerUnpackRequested', key, layer: base }
const unpacked: Snapshot.Event = { type: 'LayerUnpacked', key, layer: base, size: 10, entries: 2 }
const prepare: Snapshot.Command = { type: 'PrepareSnapshot', key: rootfs, parents }
const prepareRequested: Snapshot.Event = { type: 'SnapshotPrepareRequested', key: rootfs, parents }
const prepared: Snapshot.Event = { type: 'SnapshotPrepared', key: rootfs, mounts }
const remove: Snapshot.Command = { type: 'RemoveSnapshot', key: rootfs, because: 'test' }
const removeRequested: Snapshot.Event = { type: 'SnapshotRemoveRequested', key: rootfs, because: 'test' }
const removed: Snapshot.Event = { type: 'SnapshotRemoved', key: rootfs }

describe('unpacking a layer', () => {
  it('is requested once, however many images have it', () => {
    given().when(unpack).then(unpackRequested)
    given(unpackRequested).when(unpack).thenNothing()
    given(unpackRequested, unpacked).when(unpack).thenNothing()
  })
  it('is recorded with its size', () =>
    given(unpackRequested).when({ type: 'RecordLayerUnpacked', key, size: 10, entries: 2 }).then(unpacked))
  it('may be asked for again after a failure', () =>
    given(unpackRequested, { type: 'LayerUnpackFailed', key, failure }).when(unpack).then(unpackRequested))
  it('is not undone while somebody waits for it', () =>
    given(unpackRequested)
      .when({ ...remove, key })
      .thenNothing())
})

describe('preparing a snapshot', () => {
  it('is requested first', () => given().when(prepare).then(prepareRequested))
  it('is requested once, however often it is asked for', () =>
    given(prepareRequested, prepared).when(prepare).thenNothing())
  it('cannot take a key that is in use on other layers', () =>
    given(prepareRequested, prepared)
      .when({ ...prepare, parents: [] })
      .thenRejected({ reason: 'snapshot-key-taken', key: rootfs }))
  it('cannot take the key of a layer', () =>
    given(unpackRequested, unpacked)
      .when({ ...prepare, key })
      .thenRejected({ reason: 'snapshot-key-taken', key }))
})

describe('removing a snapshot', () => {
  it('is requested once', () => {
    given(prepareRequested, prepared).when(remove).then(removeRequested)
    given(prepareRequested, prepared, removeRequested).when(remove).thenNothing()
    given(prepareRequested, prepared, removeRequested, removed).when(remove).thenNothing()
  })
  it('is ensured even of one that was never prepared', () => given().when(remove).then(removeRequested))
})

describe('every snapshot, whatever happens to it', () =>
  everyHistory({
    Event,
    decider,
    commands: [
      { ...prepare, key },
      unpack,
      { ...remove, key },
      { type: 'RecordLayerUnpacked', key, size: 1, entries: 1 },
      { type: 'RecordLayerUnpackFailed', key, failure },
      { type: 'RecordSnapshotPrepared', key, mounts },
      { type: 'RecordSnapshotPrepareFailed', key, failure },
      { type: 'RecordSnapshotRemoved', key },
    ],
    owes: {
      of: state => owed(state).length > 0,
      after: last => last?.type.endsWith('Requested') === true,
    },
  }))
