import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { overlayDriver } from '../src/adapters/snapshot/overlay.ts'
import { startHostileRegistry } from './support/hostile-registry.ts'
import { file, imageOf, layerTar, packImage, sha256 } from './support/image.ts'
import { pullingEngine } from './support/pulling-engine.ts'

const amd64 = { os: 'linux', architecture: 'amd64' }

describe('an image whose layers are not what its configuration says', () => {
  it('M2 fails its pull, keeps nothing of the layer, and can be had when it is right', async () => {
    const honest = await imageOf({ layers: [[file('a', 'a')], [file('b', 'b')]], platform: amd64 })
    const [first = assert.fail()] = honest.config.rootfs.diff_ids
    const diff_ids = [first, sha256(await layerTar([file('b', 'something else')]))]
    const lying = { ...honest, config: { ...honest.config, rootfs: { type: 'layers', diff_ids } } }

    await using registry = await startHostileRegistry()
    registry.addImage(await packImage(lying), 'lying')
    registry.addImage(await packImage(honest), 'honest')
    await using closing = new AsyncDisposableStack()
    await using engine = pullingEngine({}, directory => {
      const snapshots = overlayDriver({ directory: join(directory, 'snapshots') })
      closing.use(snapshots)
      return { snapshots }
    })
    const kept = () =>
      readdirSync(join(engine.directory, 'snapshots'), { recursive: true, encoding: 'utf8' }).toSorted()

    const before = kept()
    const refused = await engine.pull(`${registry.host}/app:lying`)
    assert.equal(refused.failure?.problem, 'diff-id-mismatch')
    const [told, ...more] = engine.eventsOf(refused.events, 'LayerUnpackFailed')
    assert.deepEqual([told?.failure, more], [refused.failure, []])
    // The layer that was right may stay; of the other one there is neither a file nor a directory.
    const unpacked = engine.eventsOf(refused.events, 'LayerUnpacked').map(({ key }) => key)
    assert(unpacked.length <= 1)
    assert(
      kept().every(path => before.includes(path) || !/(?:^|\/)b$/.test(path)),
      kept().join(' '),
    )

    const { failure, events } = await engine.pull(`${registry.host}/app:honest`)
    assert.equal(failure, null)
    assert.equal(engine.eventsOf(events, 'ImageNamed').length, 1)
    assert(
      kept().some(path => /(?:^|\/)b$/.test(path)),
      kept().join(' '),
    )
  })
})
