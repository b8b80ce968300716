import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events/catalogue.ts'
import {
  containerByReference,
  containers,
  listContainers,
} from '../../../src/projections/runtime/containers.ts'
import { aCreation, containerId, containerName, digestOf } from '../../support/examples.ts'
import { readModels } from '../../support/read-models.ts'

const requested = (n: number, name: string): DomainEvent => {
  const { type: _, ...request } = aCreation(containerId(n), { name: containerName(name) })
  return { type: 'ContainerCreateRequested', ...request }
}

const story = async (n = 1, name = 'web') => {
  const models = readModels(containers)
  const container = containerId(n)
  const told = (event: DomainEvent) => models.told(`container-n1/default/${container}`, event)
  const positions = [
    await told(requested(n, name)),
    await told({ type: 'ContainerCreated', container, bundle: '/run/c', configDigest: digestOf(1) }),
    await told({ type: 'ContainerStartRequested', container, run: 1 }),
    await told({ type: 'ContainerStarted', container, run: 1, pid: 42 }),
    await told({
      type: 'ContainerExited',
      container,
      run: 1,
      exitCode: 3,
      signal: null,
      oomKilled: false,
      exitedAt: '2026-11-24T11:00:00.000Z',
      observed: 'live',
    }),
    await told({ type: 'ContainerRemoveRequested', container, force: false }),
    await told({ type: 'ContainerRemoved', container }),
  ]
  return { models, container, told, positions, find: containerByReference(models.database) }
}

describe('the containers', () => {
  it('are as they were at every position', async () => {
    const { models, container, positions, find } = await story()
    await using _ = models
    const statuses = positions.map(at => {
      const found = find(container, at)
      return found.kind === 'found' ? found.found.status : found.kind
    })
    assert.deepEqual(statuses, ['creating', 'created', 'starting', 'running', 'exited', 'exited', 'removed'])
    assert.equal(find(container, 0).kind, 'none')
  })

  it('keep their exit, and who removed them, after they are gone', async () => {
    const { models, find } = await story()
    await using _ = models
    const found = find('web', 'now')
    assert.ok(found.kind === 'found')
    assert.equal(found.found.status, 'removed')
    assert.equal(found.found.exit?.exitCode, 3)
    assert.deepEqual(found.found.removedBy?.kind, 'unix')
  })

  it('are listed by what was asked for', async () => {
    const { models, positions, told } = await story()
    await using _ = models
    const list = listContainers(models.database)
    const all = { at: 'now', all: true, removed: false } as const
    assert.deepEqual(list(all), [])
    assert.equal(list({ ...all, removed: true }).length, 1)
    assert.equal(list({ ...all, at: positions[3] as number }).length, 1)
    assert.equal(list({ at: positions[4] as number, all: false, removed: false }).length, 0)
    await told(requested(2, 'db')).catch(() => undefined)
  })

  it('are found by id, by name, and by a prefix that only one has; those that are there come first', async () => {
    const { models, find } = await story()
    await using _ = models
    const tell = (n: number, name: string) =>
      models.told(`container-n1/default/${containerId(n)}`, requested(n, name))
    await tell(2, 'web')
    const byName = find('web', 'now')
    assert.ok(byName.kind === 'found' && byName.found.id === containerId(2))
    assert.equal(find('ccc', 'now').kind, 'found')
    await tell(3, 'db')
    assert.equal(find('ccc', 'now').kind, 'ambiguous')
    assert.equal(find('nope', 'now').kind, 'none')
    assert.equal(find("' OR 1=1 --", 'now').kind, 'none')
  })
})
