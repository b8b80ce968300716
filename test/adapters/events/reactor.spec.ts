import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { fromEvent } from 'rxjs'
import { openMemoryLog } from '../../../src/adapters/events/memory-log.ts'
import { runReactor } from '../../../src/adapters/events/reactor.ts'
import type { Checkpoint, Reactor } from '../../../src/adapters/events/reactor.ts'
import { component } from '../../../src/domain/kernel/component.ts'
import type { StreamName } from '../../../src/domain/kernel/store.ts'
import * as Runtime from '../../../src/domain/runtime/index.ts'
import { aCreation, containerId, digestOf } from '../../support/examples.ts'
import { contextOf } from '../../support/recorded.ts'

const container = containerId()
const stream: StreamName = `container-n1/default/${container}`

type Performed = Runtime.Work['task']
type Unready = Readonly<{ reason: string }>

const aRuntime = () => {
  const log = openMemoryLog({ node: 'n1', bootId: 'b1', clock: () => new Date() })
  const runtime = component(log, Runtime)
  let commands = 0
  const give = async (...given: ReadonlyArray<Runtime.Command>) => {
    for (const command of given) {
      const handled = await runtime.handle(stream, command, contextOf(`command-${++commands}`))()
      assert.ok(E.isRight(handled), JSON.stringify(handled))
    }
  }
  return { log, runtime, give }
}

/** A world that is never ready. */
const unready = (
  performed: Array<Performed>,
): Reactor<Runtime.State, Runtime.Work, Runtime.Outcome, Unready> => ({
  name: 'runtime',
  category: Runtime.category,
  owed: Runtime.owed,
  overlapping: true,
  perform:
    ({ task }) =>
    async () => {
      performed.push(task)
      return E.left({ reason: 'unavailable' })
    },
  giveUp: () => 'try-again',
})

/** As if nothing had ever been kept of how far it has read. */
const remembersNothing = (runtime: ReturnType<typeof aRuntime>['runtime'], signal: AbortSignal) => ({
  component: runtime,
  checkpoints: { read: (): Checkpoint => ({ position: 0, pending: [] }), write: () => undefined },
  report: () => undefined,
  stopped: fromEvent(signal, 'abort'),
  signal,
})

const running = (run: number): ReadonlyArray<Runtime.Command> => [
  { type: 'StartContainer', container },
  { type: 'RecordContainerStarted', container, run, pid: 100 + run },
]
const created: ReadonlyArray<Runtime.Command> = [
  aCreation(container),
  { type: 'RecordContainerCreated', container, bundle: '/bundle', configDigest: digestOf(1) },
]
const stopped: Runtime.Command = { type: 'StopContainer', container, signal: 15, timeout: 10 }
const exited: Runtime.Command = {
  type: 'RecordContainerExited',
  container,
  run: 1,
  exitCode: 0,
  signal: null,
  oomKilled: false,
  exitedAt: '2026-11-24T10:00:00Z',
  observed: 'live',
}

describe('a reactor', () => {
  it('does not try again what is not owed any more: a stop of one run must not reach the next', async () => {
    const { log, runtime, give } = aRuntime()
    await using _ = log
    await give(...created, ...running(1), stopped)
    const stop = new AbortController()
    const performed: Array<Performed> = []
    const going = runReactor(unready(performed), remembersNothing(runtime, stop.signal))
    await sleep(50)
    assert.deepEqual(performed, ['stop'])
    await give(exited)
    await give({ type: 'StartContainer', container })
    await give({ type: 'RecordContainerStarted', container, run: 2, pid: 102 })
    await sleep(800)
    stop.abort()
    await going
    assert.deepEqual(
      performed.filter(task => task === 'stop'),
      ['stop'],
    )
  })

  it('goes on when its checkpoint cannot be written for want of room, and writes it later', async () => {
    const { log, runtime, give } = aRuntime()
    await using _ = log
    await give(...created)
    const stop = new AbortController()
    const written: Array<Checkpoint> = []
    let reports = 0
    let isFull = true
    const going = runReactor(unready([]), {
      component: runtime,
      checkpoints: {
        read: () => ({ position: 0, pending: [] }),
        write: (_, checkpoint) => {
          if (isFull) throw Object.assign(new Error('database or disk is full'), { errcode: 13 })
          written.push(checkpoint)
        },
      },
      report: () => reports++,
      stopped: fromEvent(stop.signal, 'abort'),
      signal: stop.signal,
    })
    await sleep(600)
    isFull = false
    await sleep(300)
    assert.deepEqual(written, [{ position: log.head(), pending: [] }])
    assert.equal(reports, 1)
    stop.abort()
    await going
  })

  it('K9 that is told of the same events a second time has one effect', async () => {
    const { log, runtime, give } = aRuntime()
    await using _ = log
    await give(...created, { type: 'StartContainer', container })
    const performed: Array<Performed> = []
    const starting: Reactor<Runtime.State, Runtime.Work, Runtime.Outcome, Unready> = {
      ...unready(performed),
      perform:
        ({ task }) =>
        async () => {
          performed.push(task)
          return E.right({ type: 'RecordContainerStarted', container, run: 1, pid: 101 })
        },
    }
    for (let time = 1; time <= 3; time++) {
      const stop = new AbortController()
      const going = runReactor(starting, remembersNothing(runtime, stop.signal))
      await sleep(50)
      stop.abort()
      await going
    }
    assert.deepEqual(performed, ['start'])
    assert.equal(log.all().filter(({ event }) => event.type === 'ContainerStarted').length, 1)
  })

  it('that is stopped before it has caught up still knows whom it owes something', async () => {
    const { log, runtime, give } = aRuntime()
    await using _ = log
    await give(...created, ...running(1), stopped)
    const knock = log.all().at(-1)
    assert.ok(knock)
    let checkpoint: Checkpoint = { position: log.head(), pending: [{ stream, eventId: knock.id }] }
    const stop = new AbortController()
    stop.abort()
    await runReactor(unready([]), {
      component: runtime,
      checkpoints: {
        read: () => checkpoint,
        write: (_, written) => {
          checkpoint = written
        },
      },
      report: () => undefined,
      stopped: fromEvent(stop.signal, 'abort'),
      signal: stop.signal,
    })
    assert.deepEqual(checkpoint.pending, [{ stream, eventId: knock.id }])
  })
})
