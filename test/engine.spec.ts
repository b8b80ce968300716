import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as E from 'fp-ts/lib/Either.js'
import {
  containerId,
  aCreation,
  aPull,
  containerName,
  imageName,
  namespace,
  pullId,
} from './support/examples.ts'
import { contextNamed, root, trialEngine } from './support/trial-engine.ts'

const id = containerId()

describe('a pull', () => {
  it('resolves, fetches, unpacks and names the image, each step in the log', async () => {
    const trial = trialEngine()
    await using engine = trial.start()
    await engine.components.distribution.handle(trial.streams.pull(namespace, pullId()), aPull(), root)()
    await trial.until('ImagePulled')
    const types = trial.types()
    assert.equal(types.filter(type => type === 'BlobStored').length, 4)
    assert.equal(types.filter(type => type === 'LayerUnpacked').length, 2)
    assert.deepEqual(types.slice(0, 2), ['ImagePullRequested', 'ManifestResolved'])
    assert.deepEqual(types.slice(-2), ['ImageNamed', 'ImagePulled'])
  })

  it('of what is there already fetches and unpacks nothing', async () => {
    const trial = trialEngine()
    await using engine = trial.start()
    const { distribution } = engine.components
    await distribution.handle(trial.streams.pull(namespace, pullId(1)), aPull(pullId(1)), root)()
    await trial.until('ImagePulled')
    const before = trial.log.head()
    await distribution.handle(
      trial.streams.pull(namespace, pullId(2)),
      aPull(pullId(2)),
      contextNamed('op-2'),
    )()
    await trial.until('ImagePulled', before)
    assert.deepEqual(trial.types().slice(before), [
      'ImagePullRequested',
      'ManifestResolved',
      'ImageNamed',
      'ImagePulled',
    ])
  })

  it('goes on where it was after the daemon died in the middle', async () => {
    const trial = trialEngine()
    {
      await using engine = trial.start({ unpackProgress: () => undefined, snapshots: neverUnpacks(trial) })
      await engine.components.distribution.handle(trial.streams.pull(namespace, pullId()), aPull(), root)()
      await trial.until('LayerUnpackRequested')
    }
    await using _ = trial.start()
    await trial.until('ImagePulled')
    const types = trial.types()
    assert.equal(types.filter(type => type === 'LayerUnpacked').length, 2)
    assert.equal(types.filter(type => type === 'ManifestResolved').length, 1)
  })

  it('speaks in the name of whoever asked, in everything that follows', async () => {
    const trial = trialEngine()
    await using engine = trial.start()
    await engine.components.distribution.handle(trial.streams.pull(namespace, pullId()), aPull(), root)()
    await trial.until('ImagePulled')
    for (const { metadata } of trial.log.all()) {
      assert.equal(metadata.$correlationId, 'operation-1')
      assert.deepEqual(metadata.actor, root.actor)
    }
  })
})

const neverUnpacks = (trial: ReturnType<typeof trialEngine>) => ({
  ...trial.hands.snapshots,
  unpack: () => () => new Promise<never>(() => undefined),
})

describe('a container', () => {
  const run = async (trial: ReturnType<typeof trialEngine>, changed = {}) => {
    const engine = trial.start()
    const { runtime } = engine.components
    const stream = trial.streams.container(namespace, id)
    const ask = (command: Parameters<typeof runtime.handle>[1], name: string = command.type) =>
      runtime.handle(stream, command, contextNamed(name))()
    await ask(aCreation(id, { start: true, ...changed }))
    await trial.until('ContainerStarted')
    return { ...engine, ask }
  }

  it('is created, started, watched to its end and removed', async () => {
    const trial = trialEngine()
    await using engine = await run(trial)
    trial.end(id, trial.exited(3))
    await trial.until('ContainerExited')
    await engine.ask({ type: 'RemoveContainer', container: id, force: false })
    await trial.until('ContainerRemoved')
    assert.deepEqual(trial.types().toSorted(), [
      'BundlePrepareRequested',
      'BundlePrepared',
      'BundleRemoveRequested',
      'BundleRemoved',
      'ContainerCreateRequested',
      'ContainerCreated',
      'ContainerExited',
      'ContainerNameReleased',
      'ContainerNameReserved',
      'ContainerRemoveRequested',
      'ContainerRemoved',
      'ContainerStartRequested',
      'ContainerStarted',
      'SnapshotPrepareRequested',
      'SnapshotPrepared',
      'SnapshotRemoveRequested',
      'SnapshotRemoved',
    ])
  })

  it('that was to remove itself is gone after its end', async () => {
    const trial = trialEngine()
    await using _ = await run(trial, { autoRemove: true })
    trial.end(id, trial.exited(0))
    await trial.until('ContainerRemoved')
    assert.equal(trial.types().at(-1), 'ContainerRemoved')
  })

  it('that does not stop is killed when its time is over', async () => {
    const trial = trialEngine()
    await using engine = await run(trial)
    await engine.ask({ type: 'StopContainer', container: id, signal: 15, timeout: 0.01 })
    await trial.until('ContainerExited')
    assert.ok(trial.calls.includes(`signal ${id} 15`))
    assert.equal(trial.calls.filter(call => call === `kill ${id}`).length, 1)
    assert.ok(trial.types().includes('ContainerStopTimedOut'))
  })

  it('can be signalled while its stop is being waited for', async () => {
    const trial = trialEngine()
    await using engine = await run(trial)
    await engine.ask({ type: 'StopContainer', container: id, signal: 15, timeout: null })
    await engine.ask({ type: 'SignalContainer', container: id, signal: 10 })
    await trial.until('ContainerSignalled')
    assert.equal(trial.calls.filter(call => call === `signal ${id} 15`).length, 1)
    trial.end(id, trial.exited(0))
    await trial.until('ContainerExited')
  })

  it('is started again when it was to restart', async () => {
    const trial = trialEngine()
    await using engine = await run(trial)
    await engine.ask({ type: 'RestartContainer', container: id, signal: 15, timeout: 10 })
    trial.end(id, trial.exited(143, 15))
    await trial.until('ContainerExited')
    await trial.until(
      'ContainerStarted',
      trial.log.all().findIndex(({ event }) => event.type === 'ContainerExited'),
    )
    assert.ok(trial.calls.includes(`launch ${id} 2`))
  })

  it('whose end came while the daemon was away is told once, after the restart', async () => {
    const trial = trialEngine()
    const first = await run(trial)
    await first.stop()
    trial.end(id, { ...trial.exited(7), observed: 'after-restart' } as never)
    await using _ = trial.start()
    const exited = await trial.until('ContainerExited')
    assert.equal(exited['exitCode'], 7)
    assert.equal(trial.types().filter(type => type === 'ContainerExited').length, 1)
  })

  it('cannot have the name of another, and leaves nothing behind when it wants it', async () => {
    const trial = trialEngine()
    await using engine = await run(trial)
    const other = containerId(2)
    const handled = await engine.components.runtime.handle(
      trial.streams.container(namespace, other),
      aCreation(other),
      contextNamed('other'),
    )()
    assert.ok(E.isRight(handled))
    const failed = await trial.until('ContainerCreateFailed')
    assert.equal((failed['failure'] as { problem: string }).problem, 'container-name-taken')
    await trial.until('ContainerRemoved')
    assert.ok(!trial.types().includes('ContainerNameReleased'))
  })

  it('has its new name before it loses the old one', async () => {
    const trial = trialEngine()
    await using engine = await run(trial)
    await engine.ask({ type: 'RenameContainer', container: id, name: containerName('db') })
    await trial.until('ContainerNameReleased')
    assert.deepEqual(trial.types().slice(-4), [
      'ContainerRenameRequested',
      'ContainerNameReserved',
      'ContainerRenamed',
      'ContainerNameReleased',
    ])
    await engine.ask({ type: 'RenameContainer', container: id, name: containerName('web') }, 'back')
    await trial.until('ContainerNameReleased', trial.log.head())
    assert.equal(trial.types().filter(type => type === 'ContainerRenamed').length, 2)
  })
})

describe('an image that is removed', () => {
  it('takes with it what nobody else refers to', async () => {
    const trial = trialEngine()
    await using engine = trial.start()
    const { distribution, image } = engine.components
    await distribution.handle(trial.streams.pull(namespace, pullId()), aPull(), root)()
    await trial.until('ImagePulled')
    const name = imageName()
    await image.handle(
      trial.streams.image(namespace, name),
      { type: 'RemoveImage', namespace, name },
      contextNamed('rmi'),
    )()
    await trial.until('BlobRemoved')
    assert.ok(trial.types().includes('ImageRemoved'))
  })
})
