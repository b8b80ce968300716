import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { verdict } from '../../../src/domain/supervisor/index.ts'
import type { Observed } from '../../../src/domain/supervisor/index.ts'

const at = new Date('2026-11-24T10:00:00.123Z')
const exit = (text: string) => ({ text, at })
const seen = (what: Partial<Observed>): Observed => ({
  exit: null,
  oomKilled: false,
  hostRestarted: false,
  observed: 'live',
  ...what,
})

describe('the end of a run', () => {
  it('is the code its monitor wrote down, at the time it did', () =>
    assert.deepEqual(verdict(seen({ exit: exit('3'), observed: 'after-restart' })), {
      kind: 'exited',
      exitCode: 3,
      signal: null,
      oomKilled: false,
      exitedAt: '2026-11-24T10:00:00.123Z',
      observed: 'after-restart',
    }))

  it('was a signal where the code is 128 and the signal’s number', () =>
    fc.assert(
      fc.property(fc.nat(255), code => {
        const end = verdict(seen({ exit: exit(String(code)) }))
        assert.ok(end.kind === 'exited')
        assert.equal(end.exitCode, code)
        assert.equal(end.signal, code > 128 && code <= 192 ? code - 128 : null)
      }),
    ))

  it('stays true when the host was restarted since', () =>
    assert.equal(verdict(seen({ exit: exit('0'), hostRestarted: true })).kind, 'exited'))

  it('is lost where nothing was written down', () => {
    assert.deepEqual(verdict(seen({})), { kind: 'lost', because: 'monitor-died' })
    assert.deepEqual(verdict(seen({ hostRestarted: true })), { kind: 'lost', because: 'host-restarted' })
  })

  it('is lost where what was written down is no exit code', () =>
    fc.assert(
      fc.property(
        fc.oneof(fc.constantFrom('', ' ', '-1', '256', '1e1', '0x0', '1.5', '12abc', '0000'), fc.string()),
        text => {
          const isCode = /^\d{1,3}$/.test(text) && Number(text) <= 255
          assert.equal(verdict(seen({ exit: exit(text) })).kind, isCode ? 'exited' : 'lost')
        },
      ),
    ))
})
