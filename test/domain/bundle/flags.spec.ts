import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as E from 'fp-ts/lib/Either.js'
import fc from 'fast-check'
import { cleanPath } from '../../../src/domain/bundle/absolute-path.ts'
import { parseBind } from '../../../src/domain/bundle/bind.ts'
import { parseCapability } from '../../../src/domain/bundle/capabilities.ts'
import { parseCpus } from '../../../src/domain/bundle/cpus.ts'
import type { Parsed } from '../../../src/domain/bundle/flag.ts'
import { parseMemory, parseSize } from '../../../src/domain/bundle/memory.ts'
import { parseTmpfs, tmpfsOptions } from '../../../src/domain/bundle/tmpfs.ts'
import { parseUlimit } from '../../../src/domain/bundle/ulimit.ts'
import { parseUser } from '../../../src/domain/bundle/user.ts'

/** Each text with what it is read as, or null where it is refused with a sentence that quotes it. */
const table = <A>(
  name: string,
  parse: (text: string) => Parsed<A>,
  cases: ReadonlyArray<readonly [string, A | null]>,
) => {
  void describe(name, () => {
    for (const [text, expected] of cases)
      test(JSON.stringify(text).slice(0, 60), () => {
        const result = parse(text)
        if (E.isRight(result)) assert.deepEqual(result.right, expected)
        else {
          assert.equal(expected, null, result.left.errors.join())
          assert.match(result.left.errors[0] ?? '', /^[a-z].*[^.]$/)
        }
      })
    test('never throws, whatever is given', () =>
      fc.assert(fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), text => void parse(text))))
  })
}

table('sizes', text => parseSize(text), [
  ['0', 0],
  ['1024', 1024],
  ['1b', 1],
  ['512m', 512 * 2 ** 20],
  ['512M', 512 * 2 ** 20],
  ['64KB', 65_536],
  ['64 KiB', 65_536],
  ['1.5g', 1.5 * 2 ** 30],
  ['.5k', 512],
  ['2t', 2 ** 41],
  ['1p', 2 ** 50],
  ['', null],
  ['m', null],
  ['-1', null],
  ['1mm', null],
  ['1ib', null],
  ['1 m b', null],
  ['0x10', null],
  ['1e9', null],
  ['Infinity', null],
  ['9999p', null],
  ['99999999999999999999', null],
])

test('a limit of memory is none, or at least 6m', () => {
  assert.deepEqual(parseMemory('0'), E.right(null))
  assert.deepEqual(parseMemory('6m'), E.right(6 * 2 ** 20))
  assert.ok(E.isLeft(parseMemory('5m')))
})

table('numbers of CPUs', parseCpus, [
  ['1', 1],
  ['1.5', 1.5],
  ['.5', 0.5],
  ['0.01', 0.01],
  ['0.001', null],
  ['-1', null],
  ['two', null],
  ['1e3', null],
  ['9999', null],
  ['', null],
])

table('binds', parseBind, [
  ['/a:/b', { source: '/a', target: '/b', readonly: false }],
  ['/a:/b:ro', { source: '/a', target: '/b', readonly: true }],
  ['/a:/b:rw', { source: '/a', target: '/b', readonly: false }],
  ['/a:/b:ro,z', { source: '/a', target: '/b', readonly: true }],
  ['/:/host:ro', { source: '/', target: '/host', readonly: true }],
  ['/a/../b//c/:/x/./y/', { source: '/b/c', target: '/x/y', readonly: false }],
  ['/a:/../../etc', { source: '/a', target: '/etc', readonly: false }],
  ['/a', null],
  ['', null],
  ['data:/b', null],
  ['./a:/b', null],
  ['/a:b', null],
  ['/a:/', null],
  ['/a:/x/..', null],
  ['/a:/proc', null],
  ['/a:/proc/sys', null],
  ['/a:/b:ro,rw', null],
  ['/a:/b:rshared', null],
  ['/a:/b:', null],
  ['/a:/b:ro:x', null],
  ['/a\0:/b', null],
  [`/a:/${'x'.repeat(256)}`, null],
  [`/a:${'/x'.repeat(2100)}`, null],
])

table('tmpfs', parseTmpfs, [
  ['/run', { target: '/run', options: [] }],
  ['/run:size=64m,mode=1777', { target: '/run', options: ['size=64m', 'mode=1777'] }],
  ['/run:', { target: '/run', options: [] }],
  ['/run:ro,exec,uid=1000', { target: '/run', options: ['ro', 'exec', 'uid=1000'] }],
  ['run', null],
  ['/proc/x', null],
  ['/run:size', null],
  ['/run:size=-1', null],
  ['/run:mode=9', null],
  ['/run:context=x', null],
  ['/run:size=1=2', null],
  ['/run:ro=1', null],
  ['/run:constructor', null],
  ['/run:size=1m:x', null],
])

test('of options that contradict each other the last counts, over docker’s own', () => {
  assert.deepEqual(tmpfsOptions([]), ['noexec', 'nosuid', 'nodev'])
  assert.deepEqual(tmpfsOptions(['exec', 'size=1m', 'size=2m']), ['nosuid', 'nodev', 'exec', 'size=2m'])
  assert.deepEqual(tmpfsOptions(['ro', 'rw']), ['noexec', 'nosuid', 'nodev', 'rw'])
})

table('ulimits', parseUlimit, [
  ['nofile=1024', { name: 'nofile', soft: 1024, hard: 1024 }],
  ['nofile=1024:2048', { name: 'nofile', soft: 1024, hard: 2048 }],
  ['core=-1', { name: 'core', soft: -1, hard: -1 }],
  ['core=0:-1', { name: 'core', soft: 0, hard: -1 }],
  ['nofile', null],
  ['nofile=', null],
  ['nofile=2:1', null],
  ['nofile=-1:1', null],
  ['nofile=1:2:3', null],
  ['files=1', null],
  ['NOFILE=1', null],
  ['nofile=-2', null],
  ['nofile=9007199254740993', null],
  ['nofile=18446744073709551615', null],
])

const id = (n: number) => ({ kind: 'id' as const, id: n })
const name = (n: string) => ({ kind: 'name' as const, name: n })
table('users', parseUser, [
  ['', { user: id(0), group: null }],
  ['1000', { user: id(1000), group: null }],
  ['1000:1001', { user: id(1000), group: id(1001) }],
  ['ana', { user: name('ana'), group: null }],
  ['ana:audio', { user: name('ana'), group: name('audio') }],
  ['ana:', { user: name('ana'), group: null }],
  [':5', { user: id(0), group: id(5) }],
  ['www-data', { user: name('www-data'), group: null }],
  ['2fauth', { user: name('2fauth'), group: null }],
  ['machine$', { user: name('machine$'), group: null }],
  ['2147483647', { user: id(2147483647), group: null }],
  ['2147483648', null],
  ['4294967296', null],
  ['-1', null],
  ['+1', null],
  ['0x0', null],
  ['0b1', null],
  ['1e3', null],
  ['1.5', null],
  ['NaN', { user: name('NaN'), group: null }],
  ['Infinity', null],
  ['1000:1000:1', null],
  ['18446744073709551616', null],
  ['a b', null],
  ['a\nb', null],
  ['-rf', null],
  ['a/b', null],
  ['x'.repeat(300), null],
])

table('capabilities', parseCapability, [
  ['NET_ADMIN', 'CAP_NET_ADMIN'],
  ['cap_net_admin', 'CAP_NET_ADMIN'],
  ['all', 'ALL'],
  ['CAP_ALL', null],
  ['', null],
  ['NET_ADMINS', null],
])

test('a cleaned path is absolute, has no dots, and is clean already', () =>
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', '.', '..', '', 'b c')), parts => {
      const clean = cleanPath(parts.join('/'))
      assert.ok(clean.startsWith('/'))
      assert.ok(
        clean === '/' ||
          clean
            .slice(1)
            .split('/')
            .every(part => !['', '.', '..'].includes(part)),
      )
      assert.equal(cleanPath(clean), clean)
    }),
  ))
