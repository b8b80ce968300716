import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events/catalogue.ts'
import { begin, commandOf, subjectOf, tell } from '../../../src/domain/processes/operation.ts'
import type { CommandName, Standing, Until } from '../../../src/domain/processes/operation.ts'
import {
  aCreation,
  aPull,
  aTarget,
  blob,
  containerId,
  containerName,
  digestOf,
  execId,
  imageName,
  namespace,
  pullId,
} from '../../support/examples.ts'

const container = containerId()
const failure = { problem: 'no-space', cause: 'the disk is full' }

const standing = (command: CommandName, events: ReadonlyArray<DomainEvent>, until?: Until): Standing =>
  events.reduce(tell, begin(command, until)).standing

const { type: _, ...creation } = aCreation(container)
const asked: DomainEvent = { type: 'ContainerCreateRequested', ...creation, start: true }
const created: DomainEvent = { type: 'ContainerCreated', container, bundle: '/b', configDigest: digestOf(9) }
const startAsked: DomainEvent = { type: 'ContainerStartRequested', container, run: 1 }
const started: DomainEvent = { type: 'ContainerStarted', container, run: 1, pid: 42 }
const exited: DomainEvent = {
  type: 'ContainerExited',
  container,
  run: 1,
  exitCode: 137,
  signal: 9,
  oomKilled: false,
  exitedAt: '2026-11-24T10:00:00Z',
  observed: 'live',
}
const lost: DomainEvent = { type: 'ContainerLost', container, run: 1, because: 'host-restarted' }
const removed: DomainEvent = { type: 'ContainerRemoved', container }
const startFailed: DomainEvent = {
  type: 'ContainerStartFailed',
  container,
  run: 1,
  exitCode: 127,
  failure: { problem: 'command-not-found', cause: '/nothing' },
}
const createFailed = (problem: string): DomainEvent => ({
  type: 'ContainerCreateFailed',
  container,
  failure: { ...failure, problem },
})
const stopAsked = (restart: boolean): DomainEvent => ({
  type: 'ContainerStopRequested',
  container,
  signal: 15,
  timeout: 10,
  restart,
})
const end = { container, exitCode: 137, signal: 9, oomKilled: false, exitedAt: '2026-11-24T10:00:00Z' }
const succeeded = (outcome: object) => ({ status: 'succeeded', outcome })

describe('the run of a container', () => {
  it('is under way until it has started', () => {
    assert.deepEqual(standing('run-container', [asked, created, startAsked]), { status: 'running' })
    assert.deepEqual(
      standing('run-container', [asked, created, startAsked, started]),
      succeeded({ container, pid: 42 }),
    )
  })

  it('may be waited for to its end', () => {
    const until = [asked, created, startAsked, started]
    assert.deepEqual(standing('run-container', until, 'exited'), { status: 'running' })
    assert.deepEqual(standing('run-container', [...until, exited], 'exited'), succeeded(end))
    assert.deepEqual(
      standing('run-container', [...until, lost], 'exited'),
      succeeded({ container, lost: 'host-restarted' }),
    )
  })

  it('that is over before it was seen to start has succeeded', () =>
    assert.deepEqual(standing('run-container', [asked, created, startAsked, exited]), succeeded(end)))

  it('fails as its creation or its start does', () => {
    assert.deepEqual(standing('run-container', [asked, createFailed('no-space')]), {
      status: 'failed',
      problem: 'container-create-failed',
      failure,
      exitCode: 125,
    })
    assert.deepEqual(standing('run-container', [asked, created, startAsked, startFailed]), {
      status: 'failed',
      problem: 'container-start-failed',
      failure: { problem: 'command-not-found', cause: '/nothing' },
      exitCode: 127,
    })
  })

  it('whose name is taken says so by that name', () => {
    const { status, problem } = standing('create-container', [
      asked,
      createFailed('container-name-taken'),
    ]) as Extract<Standing, { status: 'failed' }>
    assert.deepEqual([status, problem], ['failed', 'container-name-taken'])
  })

  it('is over when somebody removed it meanwhile', () =>
    assert.equal(standing('run-container', [asked, removed]).status, 'failed'))
})

describe('other operations on containers', () => {
  it('end with what they asked for', () => {
    assert.deepEqual(standing('create-container', [asked, created]), succeeded({ container }))
    assert.deepEqual(standing('stop-container', [stopAsked(false), exited]), succeeded(end))
    assert.deepEqual(standing('start-container', [startAsked, started]), succeeded({ container, pid: 42 }))
    assert.deepEqual(
      standing('remove-container', [
        { type: 'ContainerRemoveRequested', container, force: true },
        exited,
        removed,
      ]),
      succeeded({ container }),
    )
  })

  it('a restart is not over with the end that it begins with', () => {
    assert.deepEqual(standing('restart-container', [stopAsked(true), exited]), { status: 'running' })
    assert.deepEqual(
      standing('restart-container', [
        stopAsked(true),
        exited,
        { ...startAsked, run: 2 },
        { ...started, run: 2 },
      ]),
      succeeded({ container, pid: 42 }),
    )
  })

  it('a restart that a stop overtakes has failed', () =>
    assert.equal(standing('restart-container', [stopAsked(true), stopAsked(false), exited]).status, 'failed'))

  it('a signal is told from others by its number', () => {
    const signal = (
      type: 'ContainerSignalRequested' | 'ContainerSignalled',
      request: number,
    ): DomainEvent => ({
      type,
      container,
      request,
      signal: 10,
    })
    const mine = [signal('ContainerSignalRequested', 2), signal('ContainerSignalled', 1)]
    assert.deepEqual(standing('kill-container', mine), { status: 'running' })
    assert.deepEqual(
      standing('kill-container', [...mine, signal('ContainerSignalled', 2)]),
      succeeded({ container, signal: 10 }),
    )
    assert.deepEqual(standing('kill-container', [...mine, exited]), succeeded(end))
  })

  it('a pause fails with the run that it was asked of', () => {
    const pause: DomainEvent = { type: 'ContainerPauseRequested', container }
    assert.deepEqual(
      standing('pause-container', [pause, { type: 'ContainerPaused', container }]),
      succeeded({ container }),
    )
    assert.equal(standing('pause-container', [pause, exited]).status, 'failed')
  })

  it('a new name is had, or was taken', () => {
    const name = containerName('new')
    const rename: DomainEvent = { type: 'ContainerRenameRequested', container, name }
    assert.deepEqual(
      standing('rename-container', [
        rename,
        { type: 'ContainerRenamed', container, name, previous: containerName() },
      ]),
      succeeded({ container, name, previous: 'web' }),
    )
    const { problem } = standing('rename-container', [
      rename,
      { type: 'ContainerRenameFailed', container, name, failure },
    ]) as Extract<Standing, { status: 'failed' }>
    assert.equal(problem, 'container-name-taken')
  })

  it('a process is started, or could not be', () => {
    const exec = execId()
    assert.deepEqual(
      standing('exec-container', [{ type: 'ExecStarted', exec, container, pid: 7 }]),
      succeeded({ exec, container, pid: 7 }),
    )
    const fails: DomainEvent = { type: 'ExecStartFailed', exec, container, exitCode: 126, failure }
    assert.deepEqual(standing('exec-container', [fails]), {
      status: 'failed',
      problem: 'exec-start-failed',
      failure,
      exitCode: 126,
    })
  })
})

describe('operations on images', () => {
  const { type: __, ...pull } = aPull()
  const pullAsked: DomainEvent = { type: 'ImagePullRequested', ...pull }

  it('end with the name', () => {
    const pulled: DomainEvent = { type: 'ImagePulled', pull: pullId(), name: imageName(), manifest: blob(50) }
    assert.deepEqual(
      standing('pull-image', [pullAsked, pulled]),
      succeeded({ name: imageName(), manifest: blob(50) }),
    )
  })

  it('fail by what the registry said, or by what went wrong here', () => {
    const fails = (problem: string): DomainEvent => ({
      type: 'ImagePullFailed',
      pull: pullId(),
      failure: { problem, cause: 'so' },
    })
    const problemOf = (problem: string) =>
      (standing('pull-image', [pullAsked, fails(problem)]) as Extract<Standing, { status: 'failed' }>).problem
    assert.equal(problemOf('registry-unauthorized'), 'registry-unauthorized')
    assert.equal(problemOf('no-space'), 'pull-failed')
  })
})

describe('the first event of an operation', () => {
  it('tells the command and the subject', () => {
    const named: DomainEvent = {
      type: 'ImageNamed',
      namespace,
      name: imageName(),
      target: aTarget(),
      source: { kind: 'tag', from: imageName() },
    }
    const cases: ReadonlyArray<readonly [DomainEvent, CommandName | null, string | null]> = [
      [asked, 'run-container', container],
      [{ ...asked, start: false } as DomainEvent, 'create-container', container],
      [stopAsked(true), 'restart-container', container],
      [stopAsked(false), 'stop-container', container],
      [startAsked, 'start-container', container],
      [named, 'tag-image', digestOf(51)],
      [exited, null, null],
      [{ type: 'EngineStopped' }, null, null],
    ]
    for (const [event, command, subject] of cases) {
      assert.equal(commandOf(event), command, event.type)
      assert.equal(subjectOf(event)?.id ?? null, subject, event.type)
    }
  })

  it('and an end is final', () => {
    const over = [asked, created, startAsked, started].reduce(tell, begin('run-container'))
    for (const event of [exited, removed, startFailed]) assert.equal(tell(over, event), over)
  })
})
