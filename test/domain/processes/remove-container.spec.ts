import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events/catalogue.ts'
import { streamsOf } from '../../../src/domain/events/streams.ts'
import { removeContainer, rootfsOf } from '../../../src/domain/processes/index.ts'
import {
  aCreation,
  containerId,
  containerName,
  digestOf,
  namespace,
  nodeName,
} from '../../support/examples.ts'

const process = removeContainer(streamsOf(nodeName))
const container = containerId()
const { type: _, ...creation } = aCreation(container)
const renamed = containerName('renamed')

const created: ReadonlyArray<DomainEvent> = [
  { type: 'ContainerCreateRequested', ...creation },
  { type: 'ContainerCreated', container, bundle: '/b', configDigest: digestOf(9) },
]
const removing: ReadonlyArray<DomainEvent> = [
  { type: 'ContainerRemoveRequested', container, force: false },
  { type: 'BundleRemoved', container },
  { type: 'SnapshotRemoved', key: rootfsOf(container) },
]
const released = (name: typeof renamed): DomainEvent => ({
  type: 'ContainerNameReleased',
  namespace,
  name,
  container,
})
const asksAfter = (...events: ReadonlyArray<DomainEvent>) =>
  process.asks(events.reduce(process.evolve, process.initialState)).map(({ command }) => command)
const release = (name: typeof renamed) => ({ type: 'ReleaseContainerName', namespace, name, container })

describe('a removal', () => {
  it('gives back the name last', () =>
    assert.deepEqual(asksAfter(...created, ...removing), [release(creation.name)]))

  it('waits for a renaming that is under way, and gives back the name that came of it', () => {
    const asked: DomainEvent = { type: 'ContainerRenameRequested', container, name: renamed }
    const done: DomainEvent = { type: 'ContainerRenamed', container, name: renamed, previous: creation.name }
    const before = [...created, asked, ...removing]
    assert.deepEqual(asksAfter(...before), [])
    assert.deepEqual(asksAfter(...before, done), [])
    assert.deepEqual(asksAfter(...before, done, released(creation.name)), [release(renamed)])
  })

  it('gives back the old name where the new one was taken', () => {
    const failed: DomainEvent = {
      type: 'ContainerRenameFailed',
      container,
      name: renamed,
      failure: { problem: 'container-name-taken', cause: 'in use' },
    }
    const asked: DomainEvent = { type: 'ContainerRenameRequested', container, name: renamed }
    assert.deepEqual(asksAfter(...created, asked, ...removing, failed), [release(creation.name)])
  })
})
