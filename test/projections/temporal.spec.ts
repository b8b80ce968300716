import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { openDatabase } from '../../src/adapters/metadata/database.ts'
import type { Projection } from '../../src/projections/projection.ts'
import { forkOf, temporalTable } from '../../src/projections/temporal.ts'

const table = temporalTable<{ colour: string }, { colour: string }>('things', { colour: 'TEXT NOT NULL' })

const things: Projection = {
  name: 'things',
  version: 1,
  categories: null,
  tables: { things: table.past },
  schema: table.schema,
  when: {},
}

const opened = () => {
  const db = openDatabase(':memory:', { id: 'a', head: () => 0 })
  db.prepare(things)
  const paint = (position: number, key: string, colour: string | null) =>
    table.supersede(db, position, key, colour === null ? null : { colour, doc: { colour } })
  return { db, paint, [Symbol.dispose]: () => db[Symbol.dispose]() }
}

describe('a table that knows its past', () => {
  it('answers as of any position, the position of a change being after the change', () => {
    using t = opened()
    t.paint(3, 'door', 'red')
    t.paint(7, 'door', 'blue')
    t.paint(9, 'door', null)
    assert.deepEqual(
      [2, 3, 6, 7, 8, 9, 'now' as const].map(at => table.get(t.db, 'door', at)?.colour ?? null),
      [null, 'red', 'red', 'blue', 'blue', null, null],
    )
  })

  it('keeps the last of several changes at one position', () => {
    using t = opened()
    t.paint(3, 'door', 'red')
    t.paint(5, 'door', 'green')
    t.paint(5, 'door', 'blue')
    t.paint(6, 'wall', 'grey')
    t.paint(6, 'wall', null)
    assert.deepEqual(table.select(t.db, 5, {}), [{ colour: 'blue' }])
    assert.deepEqual(table.select(t.db, 4, {}), [{ colour: 'red' }])
    assert.deepEqual(
      t.db.all('SELECT valid_from, valid_to, colour FROM things ORDER BY row').map(Object.values),
      [
        [3, 5, 'red'],
        [5, null, 'blue'],
      ],
    )
  })

  it('filters, sorts and limits what was valid', () => {
    using t = opened()
    for (const [i, key] of ['a', 'b', 'c', 'd'].entries()) t.paint(i + 1, key, i % 2 === 0 ? 'red' : 'blue')
    for (const [i, key] of ['a', 'b', 'c', 'd'].entries()) t.paint(i + 5, key, 'white')
    assert.equal(table.select(t.db, 4, { where: 'colour = ?' }, 'red').length, 2)
    assert.equal(table.select(t.db, 6, { where: 'colour = ? OR key = ?' }, 'red', 'd').length, 2)
    assert.deepEqual(table.select(t.db, 5, { order: 'key DESC', limit: 2 }), [
      { colour: 'blue' },
      { colour: 'red' },
    ])
    assert.equal(table.select(t.db, 'now', { where: 'colour = ? OR 1' }, 'red').length, 4)
  })

  it('remembers exactly what it was told, whatever that was', () => {
    const change = fc.record({
      advance: fc.nat({ max: 40 }),
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      colour: fc.option(fc.constantFrom('red', 'green', 'blue')),
    })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), fc.constantFrom(1, 2 ** 33 - 20), (changes, start) => {
        using t = opened()
        const states: Array<readonly [number, ReadonlyMap<string, string>]> = []
        let position = start
        let state: ReadonlyMap<string, string> = new Map()
        for (const { advance, key, colour } of changes) {
          if (advance > 0) states.push([position, state])
          position += advance
          t.paint(position, key, colour)
          const next = new Map(state)
          if (colour === null) next.delete(key)
          else next.set(key, colour)
          state = next
        }
        states.push([position, state])

        const end = position + 1
        for (const [i, [from, expected]] of states.entries())
          for (const at of new Set([from, (states[i + 1]?.[0] ?? end) - 1])) {
            const sorted = [...expected].sort(([a], [b]) => (a < b ? -1 : 1))
            assert.deepEqual(
              table.select(t.db, at, {}).map(({ colour }) => colour),
              sorted.map(([, colour]) => colour),
            )
            for (const key of 'abcde') assert.equal(table.get(t.db, key, at)?.colour, expected.get(key))
          }
        assert.equal(table.select(t.db, 'now', {}).length, state.size)
      }),
    )
  })

  it('finds the past without walking through all of it', () => {
    using t = opened()
    const plan = (sql: string) => t.db.all(`EXPLAIN QUERY PLAN ${sql}`).map(({ detail }) => String(detail))
    const captured: Array<string> = []
    const spy = { all: (sql: string) => (captured.push(sql), []), get: () => undefined }
    table.select(spy, 5, { where: 'colour = ?' }, 'red')
    table.select(spy, 'now', { where: 'colour = ?' }, 'red')
    const [then, now] = captured.map(sql => plan(sql.replaceAll('?', '1')))
    assert.equal(then?.filter(line => /SEARCH things USING.*things_then \(node=\?/.test(line)).length, 2)
    assert.ok(now?.some(line => line.includes('things_now_by_colour')))
    assert.ok(![...(then ?? []), ...(now ?? [])].some(line => line === 'SCAN things'))
  })
})

describe('the fork of an interval', () => {
  it('is the node in it with the most trailing zeros', () => {
    assert.deepEqual(
      [forkOf(1, 1), forkOf(1, 3), forkOf(5, 7), forkOf(3, 5), forkOf(9, 2 ** 40 + 1)],
      [1, 2, 6, 4, 2 ** 40],
    )
  })
})
