import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as E from 'fp-ts/lib/Either.js'
import { openMemoryLog } from '../../../src/adapters/events/memory-log.ts'
import { projector } from '../../../src/adapters/events/projector.ts'
import { openDatabase } from '../../../src/adapters/metadata/database.ts'
import type { DomainEvent } from '../../../src/domain/events/catalogue.ts'
import type { EventLog, EventStore, StreamName } from '../../../src/domain/kernel/store.ts'
import type { Projection } from '../../../src/projections/projection.ts'
import { contextOf } from '../../support/recorded.ts'

const counting = (name: string, changed: Partial<Projection> = {}): Projection => ({
  name,
  version: 1,
  categories: ['node'],
  tables: { [name]: null },
  schema: `CREATE TABLE ${name} (position INTEGER PRIMARY KEY, type TEXT NOT NULL) STRICT`,
  when: {
    EngineStarted: (db, { event, position }) =>
      db.run(`INSERT INTO ${name} VALUES (?, ?)`, position, event.type),
  },
  ...changed,
})

const world = () => {
  const log = openMemoryLog({ node: 'n1', bootId: 'b', clock: () => new Date() })
  const database = openDatabase(':memory:', log)
  const stop = new AbortController()
  const reports: Array<string> = []
  let events = 0
  const start = async (stream: StreamName = `node-n1/${events}`) => {
    const event = { type: 'EngineStarted', version: '1', bootId: 'b', pid: events++ }
    const appended = await log.append(stream, 0, [event], contextOf(`c-${events}`))()
    if (E.isLeft(appended)) throw new Error(appended.left.reason)
    return appended.right.position
  }
  const project = (...projections: ReadonlyArray<Projection>) =>
    projector({
      store: log as EventLog as EventStore<unknown> as EventStore<DomainEvent>,
      models: database,
      projections,
      report: (who, _, error) => reports.push(`${who}: ${(error as Error).message}`),
    })
  const seen = (table: string) =>
    database.all(`SELECT position FROM ${table} ORDER BY 1`).map(row => row['position'])
  return { log, database, stop, start, project, seen, reports }
}

describe('the projector', () => {
  it('stands where the last one stopped when none goes on, and lets nobody wait', async () => {
    const { start, project, stop } = world()
    await start()
    const broken = counting('a', {
      when: {
        EngineStarted: (_, { position }) => {
          if (position === 2) throw new Error('broken')
        },
      },
    })
    const all = project(broken)
    const running = all.run(stop.signal)
    assert.ok(await all.waitFor(1, 1_000))
    assert.ok(await all.waitFor(await start(), 1_000))
    assert.deepEqual([...all.stopped().keys()], ['a'])
    assert.equal(all.position(), 1)
    stop.abort()
    await running
  })

  it('brings read models up to date, keeps them so, and resumes where it stopped', async () => {
    const { start, project, seen, stop } = world()
    await start()
    await start()
    const first = project(counting('a'), counting('b'))
    const running = first.run(stop.signal)
    assert.ok(await first.waitFor(2, 1_000))
    assert.ok(await first.waitFor(await start(), 1_000))
    stop.abort()
    await running
    assert.deepEqual(
      [seen('a'), seen('b')],
      [
        [1, 2, 3],
        [1, 2, 3],
      ],
    )

    await start()
    const second = project(counting('a'), counting('b'))
    assert.equal(second.position(), 3)
    const again = new AbortController()
    const runningAgain = second.run(again.signal)
    assert.ok(await second.waitFor(4, 1_000))
    assert.deepEqual(seen('a'), [1, 2, 3, 4])
    again.abort()
    await runningAgain
  })

  it('misses nothing of a long history', async () => {
    const { log, project, seen, stop } = world()
    const event = { type: 'EngineStarted', version: '1', bootId: 'b', pid: 1 }
    for (let n = 0; n < 13; n++)
      await log.append(`node-n1/${n}`, 0, Array<typeof event>(1_000).fill(event), contextOf(`c-${n}`))()
    const projecting = project(counting('a'))
    const running = projecting.run(stop.signal)
    assert.ok(await projecting.waitFor(13_000, 5_000))
    assert.equal(seen('a').length, 13_000)
    stop.abort()
    await running
  })

  it('lets one read what one wrote', async () => {
    const { start, project, seen, stop } = world()
    const projecting = project(counting('a'))
    const running = projecting.run(stop.signal)
    for (let i = 0; i < 50; i++) {
      const position = await start()
      assert.ok(await projecting.waitFor(position, 1_000))
      assert.equal(seen('a').at(-1), position)
    }
    stop.abort()
    await running
  })

  it('moves on with events that no projection wants', async () => {
    const { start, project, seen, stop } = world()
    const projecting = project(counting('a'))
    const running = projecting.run(stop.signal)
    await start()
    const foreign = await start('pull-n1/x')
    assert.ok(await projecting.waitFor(foreign, 1_000))
    assert.deepEqual(seen('a'), [1])
    stop.abort()
    await running
  })

  it('says when waiting takes too long', async () => {
    const { start, project } = world()
    const projecting = project(counting('a'))
    assert.equal(await projecting.waitFor(0, 1), true)
    assert.equal(await projecting.waitFor(await start(), 5), false)
  })

  it('makes one projection anew while the others go on from where they were', async () => {
    const { start, project, seen, stop } = world()
    for (let i = 0; i < 3; i++) await start()
    const first = project(counting('a'), counting('b'))
    const running = first.run(stop.signal)
    await first.waitFor(3, 1_000)
    stop.abort()
    await running

    const again = new AbortController()
    const told: Array<number> = []
    const second = project(
      counting('a', { always: (_, { position }) => void told.push(position) }),
      counting('b', { version: 2 }),
    )
    const runningAgain = second.run(again.signal)
    assert.ok(await second.waitFor(await start(), 1_000))
    assert.deepEqual([told, seen('b')], [[4], [1, 2, 3, 4]])
    again.abort()
    await runningAgain
  })

  it('stops a projection that throws, says where, and lets the others go on', async () => {
    const { start, project, seen, stop, reports, log } = world()
    await start()
    const bad = counting('bad', {
      when: {
        EngineStarted: (db, { event, position }) => {
          db.run('INSERT INTO bad VALUES (?, ?)', position, event.type)
          if (event.pid === 2) throw new Error('cannot count to two')
        },
      },
    })
    const projecting = project(bad, counting('good'))
    const running = projecting.run(stop.signal)
    assert.ok(await projecting.waitFor(1, 1_000))
    await start()
    await projecting.waitFor(await start(), 1_000)
    assert.ok(await projecting.waitFor(await start(), 1_000))
    assert.deepEqual(
      [seen('good'), seen('bad')],
      [
        [1, 2, 3, 4],
        [1, 2],
      ],
    )
    const id = log.all()[2]?.id
    const reason = `projection bad stopped at event ${id} (EngineStarted), position 3: cannot count to two`
    assert.equal(projecting.stopped().get('bad')?.message, reason)
    assert.deepEqual(reports, [`projection bad: ${reason}`])
    stop.abort()
    await running

    // Mended and started again, it goes on from the event it stopped at.
    const again = new AbortController()
    const mended = project(counting('bad'), counting('good'))
    const runningAgain = mended.run(again.signal)
    assert.ok(await mended.waitFor(4, 1_000))
    assert.deepEqual(seen('bad'), [1, 2, 3, 4])
    again.abort()
    await runningAgain
  })

  it('goes on with rows that were made elsewhere, also of a projection that had stopped', async () => {
    const { start, project, seen, stop, database } = world()
    let isBroken = true
    const mended = counting('mended', {
      when: {
        EngineStarted: (db, { event, position }) => {
          if (isBroken) throw new Error('not yet')
          db.run('INSERT INTO mended VALUES (?, ?)', position, event.type)
        },
      },
    })
    const projecting = project(mended, counting('good'))
    const running = projecting.run(stop.signal)
    assert.ok(await projecting.waitFor(await start(), 1_000))
    assert.equal(projecting.positionOf('mended'), null)
    await start()
    isBroken = false
    projecting.replace('mended', 2, () => {
      for (const position of [1, 2]) database.run('INSERT INTO mended VALUES (?, ?)', position, 'made')
    })
    assert.ok(await projecting.waitFor(await start(), 1_000))
    assert.deepEqual(
      [seen('mended'), seen('good')],
      [
        [1, 2, 3],
        [1, 2, 3],
      ],
    )
    assert.equal(projecting.stopped().size, 0)
    stop.abort()
    await running
  })
})
