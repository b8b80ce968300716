import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as E from 'fp-ts/lib/Either.js'
import fc from 'fast-check'
import { resolveUser } from '../../../src/domain/bundle/resolve-user.ts'
import type { Accounts } from '../../../src/domain/bundle/resolve-user.ts'
import { parseUser } from '../../../src/domain/bundle/user.ts'
import { runs } from '../../support/long.ts'

const accounts: Accounts = {
  passwd:
    '# comment\nroot:x:0:0:root:/root:/bin/sh\n\nana:x:1000:1001::/:\nana:x:0:0:again::\nodd:x:zero:0::/:\n',
  group: 'root:x:0:\nwheel:x:10:root,ana\naudio:x:29:ana,bob\nbad:x:none:ana\nmine:x:1001:ana\n',
}

const resolve = (text: string, known: Accounts = accounts) => {
  const spec = parseUser(text)
  assert.ok(E.isRight(spec))
  const resolved = resolveUser(spec.right, known)
  return E.isRight(resolved) ? resolved.right : resolved.left.problem
}

const user = (uid: number, gid: number, ...further: ReadonlyArray<number>) => ({
  uid,
  gid,
  additionalGids: [gid, ...further],
})

test('a user comes with its own group and those it is a member of; the first line counts', () => {
  assert.deepEqual(resolve('ana'), user(1000, 1001, 10, 29))
  assert.deepEqual(resolve('1000'), user(1000, 1001, 10, 29))
  assert.deepEqual(resolve(''), user(0, 0, 10))
})

test('a group that was asked for is the only one', () => {
  assert.deepEqual(resolve('ana:audio'), user(1000, 29))
  assert.deepEqual(resolve('ana:77'), user(1000, 77))
  assert.deepEqual(resolve(':wheel'), user(0, 10))
})

test('a number need not be anybody’s, a name must', () => {
  assert.deepEqual(resolve('4242'), user(4242, 0))
  assert.equal(resolve('eve'), 'user-not-found')
  assert.equal(resolve('ana:eve'), 'user-not-found')
})

test('M3 a line without numbers makes nobody root', () => {
  assert.equal(resolve('odd'), 'bad-user')
  assert.equal(resolve('ana:bad'), 'bad-user')
})

test('without the files there are numbers only', () => {
  const none = { passwd: null, group: null }
  assert.deepEqual(resolve('', none), user(0, 0))
  assert.deepEqual(resolve('5:6', none), user(5, 6))
  assert.equal(resolve('ana', none), 'user-not-found')
})

test('M3 whatever the files say, ids are ids', () =>
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (passwd, group) => {
      const resolved = resolve('ana', { passwd: `${passwd}\nana:${passwd}`, group })
      if (typeof resolved === 'string') return
      for (const id of [resolved.uid, resolved.gid, ...resolved.additionalGids])
        assert.ok(Number.isInteger(id) && id >= 0 && id < 2 ** 31)
    }),
  ))

test('files in which something was changed make nobody another, and are read in no time', () => {
  const line = fc.constantFrom(
    ...(accounts.passwd ?? '').split('\n'),
    ...(accounts.group ?? '').split('\n'),
    ':',
    '::::',
    '+::0:0::',
  )
  const junk = fc.string({ unit: 'binary', maxLength: 10 })
  const text = fc
    .array(fc.tuple(line, junk, fc.nat(40)), { maxLength: 12 })
    .map(lines => lines.map(([whole, put, at]) => whole.slice(0, at) + put + whole.slice(at)).join('\n'))
  fc.assert(
    fc.property(
      text,
      text,
      fc.constantFrom('ana', '0', '1000', 'odd', ':wheel', 'ana:audio'),
      (passwd, group, who) => {
        const resolved = resolve(who, { passwd, group })
        if (typeof resolved === 'string') return assert.ok(['user-not-found', 'bad-user'].includes(resolved))
        for (const id of [resolved.uid, resolved.gid, ...resolved.additionalGids])
          assert.ok(Number.isInteger(id) && id >= 0 && id < 2 ** 31)
        assert.ok(resolved.additionalGids.length <= 65_536)
        // A number that was asked for is that number, whatever line it stands in.
        if (/^\d+$/.test(who)) assert.equal(resolved.uid, Number(who))
      },
    ),
    { numRuns: runs(500, 50_000) },
  )
  const began = performance.now()
  const many = Array.from({ length: 200_000 }, (_, i) => `g${i}:x:${i}:ana`).join('\n')
  resolve('ana', { passwd: 'ana:x:1:1::/:', group: many })
  resolve('nobody', { passwd: ':'.repeat(5_000_000), group: ','.repeat(5_000_000) })
  assert.ok(performance.now() - began < 3_000)
})
