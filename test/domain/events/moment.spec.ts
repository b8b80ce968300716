import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { momentForms, parseMoment } from '../../../src/domain/events/moment.ts'
import type { Moment } from '../../../src/domain/events/moment.ts'

const now = new Date(2026, 10, 24, 12, 30, 15, 500)

const read = (text: string): Moment => {
  const moment = parseMoment(text, now)
  assert.ok(E.isRight(moment), E.isLeft(moment) ? moment.left.cause : '')
  return moment.right
}
const time = (text: string) => {
  const moment = read(text)
  assert.equal(moment.kind, 'time', text)
  return (moment as Extract<Moment, { kind: 'time' }>).time
}
const refused = (text: string) => {
  const moment = parseMoment(text, now)
  assert.ok(E.isLeft(moment), `${text} was read as ${JSON.stringify(moment)}`)
  assert.equal(moment.left.reason, 'invalid-moment')
  return moment.left.cause
}

const SECOND = 1000
const HOUR = 3600 * SECOND
const DAY = 24 * HOUR

describe('a moment', () => {
  it('may be a position', () => {
    assert.deepEqual(read('@1234'), { kind: 'position', position: 1234 })
    assert.deepEqual(read('@0'), { kind: 'position', position: 0 })
  })

  it('may be the id of an event, or its beginning', () => {
    const id = '5c869397-74f8-8311-9783-37bb2a63ad0e'
    assert.deepEqual(read(id), { kind: 'event', id })
    assert.deepEqual(read('5C86'), { kind: 'event', id: '5c86' })
    assert.deepEqual(read('12345678'), { kind: 'event', id: '12345678' })
  })

  it('may be a time with its zone', () => {
    assert.deepEqual(time('2026-11-24T10:00:00Z'), new Date(Date.UTC(2026, 10, 24, 10)))
    assert.deepEqual(time('2026-11-24t10:00:00.25z'), new Date(Date.UTC(2026, 10, 24, 10, 0, 0, 250)))
    assert.deepEqual(time('2026-11-24T10:00:00+02:00'), new Date(Date.UTC(2026, 10, 24, 8)))
    assert.deepEqual(time('2026-11-24T22:00:00-03:30'), new Date(Date.UTC(2026, 10, 25, 1, 30)))
    assert.deepEqual(time('2024-02-29T00:00Z'), new Date(Date.UTC(2024, 1, 29)))
  })

  it('may be a time of the daemon', () => {
    assert.deepEqual(time('2026-11-24 10:00'), new Date(2026, 10, 24, 10))
    assert.deepEqual(time('2026-11-24T10:00:07'), new Date(2026, 10, 24, 10, 0, 7))
    assert.deepEqual(time('2026-11-24'), new Date(2026, 10, 24))
    assert.deepEqual(time('10:00'), new Date(2026, 10, 24, 10))
    assert.deepEqual(time('9:05:30'), new Date(2026, 10, 24, 9, 5, 30))
    assert.deepEqual(time('yesterday'), new Date(2026, 10, 23))
    assert.deepEqual(time('today'), new Date(2026, 10, 24))
  })

  it('may be a while ago, with or without a sign', () => {
    for (const text of ['10m', '-10m', '10 minutes ago', '10 min ago', '10m ago', ' 10m '])
      assert.equal(now.getTime() - time(text).getTime(), 600 * SECOND, text)
    assert.equal(now.getTime() - time('1h30m').getTime(), 1.5 * HOUR)
    assert.equal(now.getTime() - time('30s').getTime(), 30 * SECOND)
    assert.equal(now.getTime() - time('10d').getTime(), 10 * DAY)
    assert.equal(now.getTime() - time('2 weeks ago').getTime(), 14 * DAY)
  })

  it('may be now, or a start of the daemon', () => {
    assert.deepEqual(read('now'), { kind: 'now' })
    assert.deepEqual(read('boot'), { kind: 'boot', back: 0 })
    assert.deepEqual(read('boot-2'), { kind: 'boot', back: 2 })
  })

  it('is refused with all forms that there are', () => {
    for (const text of [
      '',
      '@',
      '@-1',
      '@1.5',
      '@99999999999999999',
      'tomorrow',
      'NaN',
      'boot+1',
      'boot-',
      '10 m',
      '-5',
      '5 parsecs ago',
      '25:00',
      '10:60',
      '2026-02-30',
      '2026-13-01 10:00',
      '2026-11-24T10:00:00+25:00',
      '2026-11-24T24:00:00Z',
      '999999999w',
      'x'.repeat(100),
      '5c869397-74f8-8311-9783-37bb2a63ad0e0',
    ])
      assert.ok(refused(text).endsWith(momentForms), text)
  })

  it('that is only a number may have lost its @', () => {
    assert.match(refused('1234'), /a position is @1234/)
  })
})

describe('every moment', () => {
  const hex = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 8, maxLength: 8 })

  it('that is a position is read as that position', () =>
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), n => {
        assert.deepEqual(read(`@${n}`), { kind: 'position', position: n })
      }),
    ))

  it('that is a whole id is read as that event', () =>
    fc.assert(
      fc.property(fc.uuid(), id => {
        assert.deepEqual(read(id), { kind: 'event', id })
      }),
    ))

  it('that begins an id is an event or, where it could be a span, a time', () =>
    fc.assert(
      fc.property(hex, beginning => {
        assert.equal(read(beginning).kind, /^(?:[0-9]+d)+$/.test(beginning) ? 'time' : 'event')
      }),
    ))

  it('that is a date as programs write it is read as that date', () =>
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date(Date.UTC(9999, 0)), noInvalidDate: true }),
        date => {
          assert.deepEqual(time(date.toISOString()), date)
        },
      ),
    ))

  it('that is a span lies in the past', () =>
    fc.assert(
      fc.property(fc.nat(100_000), fc.constantFrom('s', 'm', 'h', 'd'), (n, unit) => {
        assert.ok(time(`${n}${unit}`).getTime() <= now.getTime())
        assert.deepEqual(time(`-${n}${unit}`), time(`${n}${unit}`))
      }),
    ))

  it('is read or refused, and never thrown at', () =>
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), text => {
        const moment = parseMoment(text, now)
        if (E.isRight(moment) && moment.right.kind === 'time')
          assert.ok(!Number.isNaN(moment.right.time.getTime()))
      }),
    ))
})
