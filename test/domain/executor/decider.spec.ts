import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type * as Executor from '../../../src/domain/executor/index.ts'
import { Event, decider, owed, watched } from '../../../src/domain/executor/index.ts'
import { fold } from '../../../src/domain/kernel/decider.ts'
import { containerId, execId, namespace } from '../../support/examples.ts'
import { everyHistory } from '../../support/every-history.ts'
import { specification } from '../../support/specification.ts'

const { given } = specification(decider)

const container = containerId()
const exec = execId()
const request = {
  exec,
  container,
  namespace,
  args: ['/bin/true'],
  environment: ['TOKEN'],
  user: null,
  workingDir: null,
  terminal: false,
  stdin: false,
  consoleSize: null,
}
const ask: Executor.Command = { type: 'StartExec', ...request }
const requested: Executor.Event = { type: 'ExecStartRequested', ...request }
const started: Executor.Event = { type: 'ExecStarted', exec, container, pid: 7 }
const exit = { exec, container, exitCode: 0, signal: null, exitedAt: '2026-11-24T10:00:00.000Z' }
const failure = { problem: 'command-not-found', cause: '/nope' }

describe('a process in a running container', () => {
  it('is requested once under an id', () => {
    given().when(ask).then(requested)
    given(requested).when(ask).thenRejected({ reason: 'exec-id-taken', exec })
  })
  it('starts, and ends once', () => {
    given(requested).when({ type: 'RecordExecStarted', exec, container, pid: 7 }).then(started)
    given(requested, started)
      .when({ type: 'RecordExecExited', ...exit })
      .then({ type: 'ExecExited', ...exit })
    given(requested, started, { type: 'ExecExited', ...exit })
      .when({ type: 'RecordExecExited', ...exit })
      .thenNothing()
  })
  it('may fail to start', () =>
    given(requested)
      .when({ type: 'RecordExecStartFailed', exec, container, exitCode: 127, failure })
      .then({ type: 'ExecStartFailed', exec, container, exitCode: 127, failure }))
  it('is watched exactly while it runs', () => {
    assert.equal(watched(fold(decider)([requested])), null)
    assert.notEqual(watched(fold(decider)([requested, started])), null)
    assert.equal(watched(fold(decider)([requested, started, { type: 'ExecExited', ...exit }])), null)
  })

  everyHistory({
    Event,
    decider,
    commands: [
      ask,
      { type: 'RecordExecStarted', exec, container, pid: 7 },
      { type: 'RecordExecStartFailed', exec, container, exitCode: 127, failure },
      { type: 'RecordExecExited', ...exit },
      { type: 'RecordExecLost', exec, container, because: 'daemon-restarted' },
    ],
    owes: { of: state => owed(state).length > 0, after: last => last?.type === 'ExecStartRequested' },
  })
})
