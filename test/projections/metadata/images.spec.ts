import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events/catalogue.ts'
import { imageById, imageByName, images, listImages } from '../../../src/projections/metadata/images.ts'
import { onlyReferredToBy, references } from '../../../src/projections/metadata/references.ts'
import {
  aCreation,
  aResolution,
  aTarget,
  blob,
  imageName,
  namespace,
  pullId,
} from '../../support/examples.ts'
import { readModels } from '../../support/read-models.ts'

const name = imageName()
const named = (as = name, target = aTarget()): DomainEvent => ({
  type: 'ImageNamed',
  namespace,
  name: as,
  target,
  source: { kind: 'pull', pull: 'pull-1' },
})
const removed: DomainEvent = { type: 'ImageRemoved', namespace, name, blobs: [], snapshots: [] }

describe('the images', () => {
  it('are what their name stood for at every position', async () => {
    await using models = readModels(images)
    const find = imageByName(models.database)
    const first = await models.told('image-n1/a', named())
    const second = await models.told('image-n1/a', named(name, { ...aTarget(), config: blob(77) }))
    const gone = await models.told('image-n1/a', removed)
    assert.equal(find(namespace, name, first)?.id, blob(51).digest)
    assert.equal(find(namespace, name, second)?.id, blob(77).digest)
    assert.equal(find(namespace, name, gone), null)
    assert.equal(listImages(models.database)(first).length, 1)
    assert.deepEqual(listImages(models.database)('now'), [])
  })

  it('are found by their id or the beginning of it, whatever number of names they have', async () => {
    await using models = readModels(images)
    await models.told('image-n1/a', named())
    await models.told('image-n1/b', named(imageName('docker.io/library/other:1')))
    const find = imageById(models.database)
    assert.equal(find(blob(51).digest, 'now').kind, 'found')
    assert.equal(find(blob(51).digest.slice(7, 70), 'now').kind, 'found')
    await models.told(
      'image-n1/c',
      named(imageName('docker.io/library/third:1'), { ...aTarget(), config: blob(52) }),
    )
    assert.equal(find('0000', 'now').kind, 'ambiguous')
    assert.equal(find('latest', 'now').kind, 'none')
  })
})

describe('what an image refers to', () => {
  const other = imageName('docker.io/library/other:1')

  it('goes with it when nobody else does', async () => {
    await using models = readModels(references)
    await models.told('image-n1/a', named())
    const gone = onlyReferredToBy(models.database)(namespace, name, aTarget())
    assert.equal(gone.blobs.length, 4)
    assert.deepEqual(gone.snapshots, [aTarget().layers[1]?.chainId, aTarget().layers[0]?.chainId])
  })

  it('stays while another name, a running pull or a container needs it', async () => {
    const { type: _, ...creation } = aCreation()
    const { type: __, container } = aCreation()
    const holders: ReadonlyArray<readonly [DomainEvent, DomainEvent, number]> = [
      [named(other), { type: 'ImageRemoved', namespace, name: other, blobs: [], snapshots: [] }, 0],
      [
        { type: 'ManifestResolved', pull: pullId(9), ...aResolution() },
        { type: 'ImagePulled', pull: pullId(9), name, manifest: blob(50) },
        0,
      ],
      [{ type: 'ContainerCreateRequested', ...creation }, { type: 'ContainerRemoved', container }, 3],
    ]
    for (const [takes, leaves, blobsFree] of holders) {
      await using models = readModels(references)
      const stream = takes.type.startsWith('Image')
        ? 'image-n1/b'
        : takes.type.startsWith('Container')
          ? 'container-n1/c'
          : 'pull-n1/p'
      await models.told('image-n1/a', named())
      await models.told(stream, takes)
      const held = onlyReferredToBy(models.database)(namespace, name, aTarget())
      assert.deepEqual([held.blobs.length, held.snapshots.length], [blobsFree, 0], takes.type)
      await models.told(stream, leaves)
      assert.equal(
        onlyReferredToBy(models.database)(namespace, name, aTarget()).snapshots.length,
        2,
        leaves.type,
      )
    }
  })
})
