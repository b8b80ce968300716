import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as E from 'fp-ts/lib/Either.js'
import { openMemoryLog } from '../../../src/adapters/events/memory-log.ts'
import { projector } from '../../../src/adapters/events/projector.ts'
import { openDatabase } from '../../../src/adapters/metadata/database.ts'
import { DomainEvent } from '../../../src/domain/events/catalogue.ts'
import { storeOf } from '../../../src/domain/kernel/component.ts'
import type { Recorded, Stored, StreamName } from '../../../src/domain/kernel/store.ts'
import { componentsOn } from '../../../src/engine.ts'
import { projections } from '../../../src/projections/queries.ts'
import { contextOf } from '../../support/recorded.ts'

const started = (pid: number) => ({ type: 'EngineStarted', version: '1', bootId: 'b', pid })
const before = started(1)

/** What an engine of today cannot read, each in its own way. */
const strangers: ReadonlyArray<readonly [string, Stored, version: number, RegExp]> = [
  ['of an unknown type', { type: 'EngineDreamt', pid: 1 }, 1, /EngineDreamt/],
  ['of a newer version', started(2), 2, /version 2, and this engine knows 1 at most/],
  ['of another shape', { type: 'EngineStarted', pid: 'many' }, 1, /pid/],
  ['without a type of its own', { type: 'constructor' }, 1, /constructor/],
  ['that is long and wrong', { type: 'EngineStarted', pid: 'x'.repeat(500_000) }, 1, /pid/],
]

/** A log in which one event stands between two that are well known, in a version that somebody wrote. */
const logWith = async (event: Stored, version: number) => {
  const log = openMemoryLog({ node: 'n1', bootId: 'b', clock: () => new Date() })
  for (const [i, each] of [before, event, started(3)].entries())
    assert.ok(E.isRight(await log.append('node-n1', i, [each], contextOf(`c-${i}`))()))
  const aged = <A extends Recorded<Stored>>(recorded: A): A =>
    recorded.position === 2 ? { ...recorded, metadata: { ...recorded.metadata, schema: version } } : recorded
  const old: typeof log = {
    ...log,
    load: (stream, after) => async () => {
      const history = await log.load(stream, after)()
      return E.isLeft(history)
        ? history
        : E.right({ ...history.right, events: history.right.events.map(aged) })
    },
    read: query => async () => {
      const events = await log.read(query)()
      return E.isLeft(events) ? events : E.right(events.right.map(aged))
    },
    async *follow(filter, after, signal) {
      for await (const told of log.follow(filter, after, signal))
        yield told.kind === 'events' ? { ...told, events: told.events.map(aged) } : told
    },
  }
  return old
}

describe('E9 an event that is not understood', () => {
  for (const [what, event, version, named] of strangers) {
    it(`E9 ${what} ends the reading of its stream and of the log, and is named with its position`, async () => {
      const log = await logWith(event, version)
      const store = storeOf(log, DomainEvent)
      const loaded = await store.load('node-n1', 0)()
      const page = { from: 0, direction: 'forwards', limit: 10, categories: null } as const
      for (const outcome of [loaded, await store.read(page)()]) {
        assert.ok(E.isLeft(outcome) && outcome.left.reason === 'unreadable-history')
        assert.match(outcome.left.cause, named)
        assert.match(outcome.left.cause, /at @2: /)
        assert.ok(outcome.left.cause.length < 1_500)
      }
      await assert.rejects(async () => {
        for await (const _ of store.follow({ categories: null }, 0, AbortSignal.timeout(5_000)));
      }, /node-n1: event .* at @2: /)
      // What comes after it can be read by whoever does not have to pass it.
      assert.ok(E.isRight(await store.read({ ...page, from: 2 })()))
      assert.ok(E.isRight(await store.load('node-n1', 2)()))
    })

    it(`E9 ${what} is decided upon by nobody`, async () => {
      const log = await logWith(event, version)
      const { node } = componentsOn(log)
      const head = log.head()
      const command = { type: 'StartEngine', root: 'r', version: '1', bootId: 'b', pid: 4 } as const
      const handled = await node.handle('node-n1', command, contextOf('c'))()
      assert.ok(E.isLeft(handled) && handled.left.reason === 'unreadable-history')
      assert.equal(log.head(), head)
    })

    it(`E9 ${what} is skipped by no projection: all stay before it`, async () => {
      const log = await logWith(event, version)
      using database = openDatabase(':memory:', log)
      const models = projector({
        store: storeOf(log, DomainEvent),
        models: database,
        projections,
        report: assert.fail,
      })
      await assert.rejects(models.run(AbortSignal.timeout(5_000)), /node-n1: event .* at @2: /)
      assert.ok(models.position() < 2, `${models.position()}`)
      assert.equal(await models.waitFor(2, 10), false)
      assert.deepEqual(database.all('SELECT position FROM timeline WHERE position >= 2'), [])
    })
  }

  it('E9 with fields that are not known yet is understood: they say more, not something else', async () => {
    const stream: StreamName = 'node-n1'
    const log = openMemoryLog({ node: 'n1', bootId: 'b', clock: () => new Date() })
    await log.append(stream, 0, [{ ...before, mood: 'good' }], contextOf('c'))()
    const loaded = await storeOf(log, DomainEvent).load(stream, 0)()
    assert.ok(E.isRight(loaded))
    assert.deepEqual(loaded.right.events[0]?.event, before)
  })
})
