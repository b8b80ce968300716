import assert from 'node:assert/strict'
import { constants } from 'node:os'
import { test } from 'node:test'
import * as O from 'fp-ts/lib/Option.js'
import fc from 'fast-check'
import { parseSignal, signalName } from '../../../src/domain/kernel/signals.ts'

test('signals are read by name, short name and number, in any case', () => {
  for (const text of ['SIGTERM', 'TERM', 'term', 'sigterm', '15'])
    assert.deepEqual(parseSignal(text), O.some(15))
})

test('names are those of this machine', () => {
  for (const [name, number] of Object.entries(constants.signals))
    assert.deepEqual(parseSignal(name), O.some(number))
})

test('real-time signals count from both ends', () => {
  assert.deepEqual(parseSignal('SIGRTMIN'), O.some(34))
  assert.deepEqual(parseSignal('RTMIN+3'), O.some(37))
  assert.deepEqual(parseSignal('RTMAX'), O.some(64))
  assert.deepEqual(parseSignal('SIGRTMAX-1'), O.some(63))
})

test('what is no signal is none', () => {
  for (const text of [
    '',
    '0',
    '65',
    '-9',
    'SIG',
    'FOO',
    '1e1',
    '9 ',
    'RTMIN+31',
    'RTMAX-31',
    'RTMIN-1',
    '0x9',
    'constructor',
  ])
    assert.deepEqual(parseSignal(text), O.none, text)
})

test('a name that is written is read as the same signal', () =>
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), number =>
      assert.deepEqual(parseSignal(signalName(number)), O.some(number)),
    ),
  ))
