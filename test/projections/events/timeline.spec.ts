import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openDatabase } from '../../../src/adapters/metadata/database.ts'
import {
  eventById,
  eventsOfOperation,
  positionAt,
  timeline,
} from '../../../src/projections/events/timeline.ts'
import { recorded } from '../../support/recorded.ts'

const stopped = { type: 'EngineStopped' } as const

const opened = () => {
  const db = openDatabase(':memory:', { id: 'a', head: () => 0 })
  db.prepare(timeline)
  const tell = (...moment: Parameters<typeof recorded>) => timeline.always?.(db, recorded(...moment))
  return { db, tell, [Symbol.dispose]: () => db[Symbol.dispose]() }
}

const id = (beginning: string) => beginning + '00000000-0000-8000-8000-000000000000'.slice(beginning.length)

describe('the timeline', () => {
  it('finds an event by its id and by the beginning of it', () => {
    using t = opened()
    t.tell(stopped, 1, { id: id('abc1') })
    t.tell(stopped, 2, { id: id('abc2') })
    for (const asked of [id('abc2'), 'abc2', 'ABC2']) {
      const answer = eventById(t.db)(asked)
      assert.equal(answer.kind === 'found' && answer.found.position, 2)
    }
    assert.deepEqual(eventById(t.db)('abc'), { kind: 'ambiguous', candidates: [id('abc1'), id('abc2')] })
    for (const asked of ['abd', '', '%', 'zzz', `${id('abc1')}0`])
      assert.deepEqual(eventById(t.db)(asked), { kind: 'none' })
  })

  it('takes an id that came twice for the first', () => {
    using t = opened()
    t.tell(stopped, 1, { id: id('abc1') })
    t.tell(stopped, 2, { id: id('abc1') })
    const answer = eventById(t.db)('abc1')
    assert.equal(answer.kind === 'found' && answer.found.position, 1)
  })

  it('gives all that an operation led to, in order', () => {
    using t = opened()
    t.tell(stopped, 1, { correlationId: 'x', stream: 'pull-n1/a' })
    t.tell(stopped, 2, { correlationId: 'y' })
    t.tell(stopped, 3, { correlationId: 'x', stream: 'image-n1/a' })
    assert.deepEqual(
      eventsOfOperation(t.db)('x').map(({ position, stream, type }) => [position, stream, type]),
      [
        [1, 'pull-n1/a', 'EngineStopped'],
        [3, 'image-n1/a', 'EngineStopped'],
      ],
    )
  })

  it('says where the log stood at a time', () => {
    using t = opened()
    const time = (second: number, ms = 0) => new Date(Date.UTC(2026, 0, 1, 0, 0, second, ms))
    t.tell(stopped, 1, { at: time(10) })
    t.tell(stopped, 2, { at: time(20) })
    t.tell(stopped, 3, { at: time(20) })
    assert.deepEqual(
      [time(9, 999), time(10), time(19), time(20), time(30)].map(positionAt(t.db)),
      [0, 1, 1, 3, 3],
    )
  })
})
