import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as E from 'fp-ts/lib/Either.js'
import fc from 'fast-check'
import { resolveUser } from '../../../src/domain/bundle/resolve-user.ts'
import type { Accounts } from '../../../src/domain/bundle/resolve-user.ts'
import { parseUser } from '../../../src/domain/bundle/user.ts'

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
