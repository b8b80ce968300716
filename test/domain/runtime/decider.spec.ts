import { describe, it } from 'node:test'
import type * as Runtime from '../../../src/domain/runtime/index.ts'
import { Event, decider, owed, watched } from '../../../src/domain/runtime/index.ts'
import { fold } from '../../../src/domain/kernel/decider.ts'
import assert from 'node:assert/strict'
import { aCreation, containerId, containerName, digestOf } from '../../support/examples.ts'
import { everyHistory } from '../../support/every-history.ts'
import { specification } from '../../support/specification.ts'

const { given } = specification(decider)

const container = containerId()
const failure = { problem: 'command-not-found', cause: '/nope: not found in the image' }

const create = aCreation(container)
const { type: _, ...request } = create
const requested: Runtime.Event = { type: 'ContainerCreateRequested', ...request }
const created: Runtime.Event = {
  type: 'ContainerCreated',
  container,
  bundle: '/run/c',
  configDigest: digestOf(9),
}
const startRequested: Runtime.Event = { type: 'ContainerStartRequested', container, run: 1 }
const started: Runtime.Event = { type: 'ContainerStarted', container, run: 1, pid: 42 }
const exit = {
  container,
  run: 1,
  exitCode: 3,
  signal: null,
  oomKilled: false,
  exitedAt: '2026-11-24T10:00:00.000Z',
  observed: 'live',
} as const
const exited: Runtime.Event = { type: 'ContainerExited', ...exit }
const removeRequested: Runtime.Event = { type: 'ContainerRemoveRequested', container, force: false }
const removed: Runtime.Event = { type: 'ContainerRemoved', container }

const running = [requested, created, startRequested, started]

const start: Runtime.Command = { type: 'StartContainer', container }
const stop: Runtime.Command = { type: 'StopContainer', container, signal: 15, timeout: 10 }
const stopRequested: Runtime.Event = {
  type: 'ContainerStopRequested',
  container,
  signal: 15,
  timeout: 10,
  restart: false,
}
const remove: Runtime.Command = { type: 'RemoveContainer', container, force: false }

const refused = (reason: Runtime.Rejection['reason']): Runtime.Rejection => ({ reason, container })

describe('creating a container', () => {
  const there: Runtime.Command = {
    type: 'RecordContainerCreated',
    container,
    bundle: '/run/c',
    configDigest: digestOf(9),
  }
  it('is requested once under an id', () => {
    given().when(create).then(requested)
    given(requested).when(create).thenRejected(refused('container-id-taken'))
  })
  it('is recorded when its bundle is there', () => given(requested).when(there).then(created))
  it('goes on to start it in the same append where that was asked', () =>
    given({ ...requested, start: true })
      .when(there)
      .then(created, startRequested))
  it('that fails removes what there is of it', () =>
    given(requested)
      .when({ type: 'RecordContainerCreateFailed', container, failure })
      .then({ type: 'ContainerCreateFailed', container, failure }, removeRequested))
})

describe('starting a container', () => {
  it('is requested once', () => {
    given(requested, created).when(start).then(startRequested)
    given(requested, created, startRequested).when(start).thenNothing()
    given(...running)
      .when(start)
      .thenNothing()
  })
  it('counts the runs', () =>
    given(...running, exited)
      .when(start)
      .then({ ...startRequested, run: 2 }))
  it('has to wait until it is made', () =>
    given(requested).when(start).thenRejected(refused('container-busy')))
  it('is refused of one that is being removed', () =>
    given(requested, created, removeRequested).when(start).thenRejected(refused('container-being-removed')))
  it('is refused of one that is gone', () =>
    given(requested, created, removeRequested, removed)
      .when(start)
      .thenRejected(refused('container-not-found')))
  it('that failed has an exit code and a reason, and no second end', () => {
    const failed: Runtime.Event = { type: 'ContainerStartFailed', container, run: 1, exitCode: 127, failure }
    const record: Runtime.Command = {
      type: 'RecordContainerStartFailed',
      container,
      run: 1,
      exitCode: 127,
      failure,
    }
    given(requested, created, startRequested).when(record).then(failed)
    given(requested, created, startRequested, failed)
      .when({ type: 'RecordContainerExited', ...exit })
      .thenNothing()
  })
})

describe('the end of a container', () => {
  const record: Runtime.Command = { type: 'RecordContainerExited', ...exit }
  it('is recorded once', () => {
    given(...running)
      .when(record)
      .then(exited)
    given(...running, exited)
      .when(record)
      .thenNothing()
  })
  it('of an earlier run says nothing about this one', () =>
    given(...running, exited, { ...startRequested, run: 2 }, { ...started, run: 2 })
      .when(record)
      .thenNothing())
  it('takes the container along where that was asked for, in the same append', () =>
    given({ ...requested, autoRemove: true }, created, startRequested, started)
      .when(record)
      .then(exited, removeRequested))
  it('starts it again where a restart was asked for, in the same append', () =>
    given(...running, { ...stopRequested, restart: true })
      .when(record)
      .then(exited, { ...startRequested, run: 2 }))
  it('that nobody saw is told as that', () =>
    given(...running)
      .when({ type: 'RecordContainerLost', container, run: 1, because: 'host-restarted' })
      .then({ type: 'ContainerLost', container, run: 1, because: 'host-restarted' }))
})

describe('stopping a container', () => {
  it('is requested once', () => {
    given(...running)
      .when(stop)
      .then(stopRequested)
    given(...running, stopRequested)
      .when(stop)
      .thenNothing()
  })
  it('is overtaken by one with less patience, or with another signal', () => {
    const without = { ...stopRequested, timeout: null }
    given(...running, without)
      .when(stop)
      .then(stopRequested)
    given(...running, stopRequested)
      .when({ ...stop, timeout: 3 })
      .then({ ...stopRequested, timeout: 3 })
    given(...running, stopRequested)
      .when({ ...stop, signal: 2 })
      .then({ ...stopRequested, signal: 2 })
    given(...running, stopRequested)
      .when({ ...stop, timeout: 30 })
      .thenNothing()
    given(...running, stopRequested, { type: 'ContainerStopTimedOut', container })
      .when({ ...stop, timeout: 3 })
      .thenNothing()
  })
  it('that does not run is nothing to do', () => {
    given(requested, created).when(stop).thenNothing()
    given(...running, exited)
      .when(stop)
      .thenNothing()
  })
  it('kills it when its time is over', () => {
    const state = fold(decider)([...running, stopRequested, { type: 'ContainerStopTimedOut', container }])
    assert.deepEqual(
      owed(state).map(({ task }) => task),
      ['kill'],
    )
  })
  it('instead of a restart takes the restart back', () =>
    given(...running, { ...stopRequested, restart: true })
      .when(stop)
      .then(stopRequested))
})

describe('signals', () => {
  const signal: Runtime.Command = { type: 'SignalContainer', container, signal: 10 }
  const signalRequested: Runtime.Event = {
    type: 'ContainerSignalRequested',
    container,
    request: 1,
    signal: 10,
  }
  it('are numbered', () => {
    given(...running)
      .when(signal)
      .then(signalRequested)
    given(...running, signalRequested)
      .when(signal)
      .then({ ...signalRequested, request: 2 })
  })
  it('need somebody to receive them', () =>
    given(requested, created).when(signal).thenRejected(refused('container-not-running')))
  it('are all owed until each is answered', () => {
    const state = fold(decider)([
      ...running,
      signalRequested,
      { ...signalRequested, request: 2 },
      { type: 'ContainerSignalled', container, request: 1, signal: 10 },
    ])
    assert.deepEqual(owed(state), [{ task: 'signal', container, request: 2, signal: 10 }])
  })
})

describe('pausing a container', () => {
  const pause: Runtime.Command = { type: 'PauseContainer', container }
  const unpause: Runtime.Command = { type: 'UnpauseContainer', container }
  const pauseRequested: Runtime.Event = { type: 'ContainerPauseRequested', container }
  const paused: Runtime.Event = { type: 'ContainerPaused', container }
  it('is requested once', () => {
    given(...running)
      .when(pause)
      .then(pauseRequested)
    given(...running, pauseRequested)
      .when(pause)
      .thenNothing()
    given(...running, pauseRequested, paused)
      .when(pause)
      .thenRejected(refused('container-paused'))
  })
  it('can be undone, once it is done', () => {
    given(...running, pauseRequested, paused)
      .when(unpause)
      .then({ type: 'ContainerUnpauseRequested', container })
    given(...running, pauseRequested)
      .when(unpause)
      .thenRejected(refused('container-busy'))
    given(...running)
      .when(unpause)
      .thenRejected(refused('container-not-paused'))
  })
})

describe('removing a container', () => {
  it('is requested once', () => {
    given(requested, created).when(remove).then(removeRequested)
    given(requested, created, removeRequested).when(remove).thenNothing()
  })
  it('that runs needs force', () => {
    given(...running)
      .when(remove)
      .thenRejected(refused('container-running'))
    given(...running)
      .when({ ...remove, force: true })
      .then({ ...removeRequested, force: true })
  })
  it('by force kills it', () =>
    assert.deepEqual(
      owed(fold(decider)([...running, { ...removeRequested, force: true }])).map(({ task }) => task),
      ['kill'],
    ))
  it('that is gone is refused', () =>
    given(requested, created, removeRequested, removed)
      .when(remove)
      .thenRejected(refused('container-not-found')))
})

describe('renaming a container', () => {
  const rename: Runtime.Command = { type: 'RenameContainer', container, name: containerName('db') }
  const renameRequested: Runtime.Event = {
    type: 'ContainerRenameRequested',
    container,
    name: containerName('db'),
  }
  it('is requested once', () => {
    given(requested, created).when(rename).then(renameRequested)
    given(requested, created, renameRequested).when(rename).thenNothing()
  })
  it('to the name it has is nothing to do', () =>
    given(requested, created)
      .when({ ...rename, name: containerName() })
      .thenNothing())
  it('is refused of one that is being removed', () =>
    given(requested, created, removeRequested)
      .when({ type: 'RenameContainer', container, name: containerName('new') })
      .thenRejected(refused('container-being-removed')))
  it('twice at a time is refused', () =>
    given(requested, created, renameRequested)
      .when({ ...rename, name: containerName('cache') })
      .thenRejected(refused('container-busy')))
})

describe('every container, whatever happens to it', () => {
  everyHistory({
    Event,
    decider,
    commands: [
      create,
      { type: 'RecordContainerCreated', container, bundle: '/run/c', configDigest: digestOf(9) },
      { type: 'RecordContainerCreateFailed', container, failure },
      start,
      stop,
      { type: 'RecordContainerStarted', container, run: 1, pid: 42 },
      { type: 'RecordContainerStarted', container, run: 2, pid: 43 },
      { type: 'RecordContainerExited', ...exit },
      { type: 'RecordContainerExited', ...exit, run: 2 },
      { type: 'RecordContainerLost', container, run: 1, because: 'monitor-died' },
      { type: 'RecordContainerStopTimedOut', container },
      { type: 'PauseContainer', container },
      { type: 'UnpauseContainer', container },
      { type: 'RecordContainerPaused', container },
      { type: 'RecordContainerUnpaused', container },
      { type: 'RenameContainer', container, name: containerName('db') },
      { type: 'RecordContainerRenamed', container, name: containerName('db') },
      remove,
      { ...remove, force: true },
      { type: 'RecordContainerRemoved', container },
    ],
  })
  it('is watched exactly while it runs', () => {
    assert.equal(watched(fold(decider)([requested, created, startRequested])), null)
    assert.notEqual(watched(fold(decider)(running)), null)
    assert.equal(watched(fold(decider)([...running, exited])), null)
  })
})
