import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events/catalogue.ts'
import { streamsOf } from '../../../src/domain/events/streams.ts'
import { transferImage } from '../../../src/domain/processes/index.ts'
import { aPull, aResolution, blob, layer, layerKey, nodeName, pullId } from '../../support/examples.ts'

const process = transferImage(streamsOf(nodeName))
const { type: _, ...request } = aPull()
const begun: ReadonlyArray<DomainEvent> = [
  { type: 'ImagePullRequested', ...request },
  { type: 'ManifestResolved', pull: pullId(), ...aResolution() },
]
const asksAfter = (...events: ReadonlyArray<DomainEvent>) =>
  process
    .asks([...begun, ...events].reduce(process.evolve, process.initialState))
    .map(({ command }) => command)

describe('a pull under way', () => {
  it('asks for every blob, the largest first', () =>
    assert.deepEqual(
      asksAfter().map(command => 'blob' in command && command.blob.digest),
      [blob(51), blob(50), blob(2), blob(1)].map(({ digest }) => digest),
    ))

  it('asks again for a blob that is taken away while it waits for the others', () => {
    const stored: DomainEvent = { type: 'BlobStored', blob: blob(51) }
    const wants = (...events: ReadonlyArray<DomainEvent>) =>
      asksAfter(...events).some(command => 'blob' in command && command.blob.digest === blob(51).digest)
    assert.equal(wants(stored), false)
    assert.equal(wants(stored, { type: 'BlobRemoved', digest: blob(51).digest }), true)
  })

  it('asks again for a layer that is taken away while it waits for the others', () => {
    const [one, key] = [layer(1), layerKey(layer(1))]
    const stored: DomainEvent = { type: 'BlobStored', blob: one.blob }
    const unpacked: DomainEvent = { type: 'LayerUnpacked', key, layer: one, size: 1, entries: 1 }
    const wants = (...events: ReadonlyArray<DomainEvent>) =>
      asksAfter(...events).some(({ type }) => type === 'UnpackLayer')
    assert.equal(wants(stored, unpacked), false)
    assert.equal(wants(stored, unpacked, { type: 'SnapshotRemoved', key }), true)
  })

  it('asks again for what is taken away while it takes its name, and for the name once more', () => {
    const all: ReadonlyArray<DomainEvent> = [
      ...[51, 50, 2, 1].map((n): DomainEvent => ({ type: 'BlobStored', blob: blob(n) })),
      ...[layer(1), layer(2)].map(
        (one): DomainEvent => ({
          type: 'LayerUnpacked',
          key: layerKey(one),
          layer: one,
          size: 1,
          entries: 1,
        }),
      ),
    ]
    const types = (...events: ReadonlyArray<DomainEvent>) => asksAfter(...events).map(({ type }) => type)
    assert.deepEqual(types(...all), ['NamePulledImage'])
    const away: DomainEvent = { type: 'BlobRemoved', digest: blob(51).digest }
    assert.deepEqual(types(...all, away), ['FetchBlob'])
    assert.deepEqual(types(...all, away, { type: 'BlobStored', blob: blob(51) }), ['NamePulledImage'])
  })
})
