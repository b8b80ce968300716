import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as E from 'fp-ts/lib/Either.js'
import { checkedOptions } from '../../../src/domain/bundle/options.ts'
import type { ContainerOptions } from '../../../src/domain/kernel/container-options.ts'
import { options } from '../../support/bundle-options.ts'

const errorsOf = (asked: Partial<ContainerOptions>) => {
  const checked = checkedOptions(options(asked))
  return E.isLeft(checked) ? checked.left.errors : []
}

describe('each of these alone is refused, by one sentence', () => {
  const target = { source: '/a', target: '/b', readonly: false }
  const cases: Readonly<Record<string, Partial<ContainerOptions>>> = {
    'no command': { args: [] },
    'an empty command': { args: [''] },
    'a NUL in an argument': { args: ['a', 'b\0'] },
    'an argument of 128 KiB': { args: ['a', 'x'.repeat(131_072)] },
    'arguments of 2 MiB': { args: Array.from({ length: 20 }, () => 'x'.repeat(100_000)) },
    'a value without a name': { environment: ['=secret'] },
    'a name with a NUL': { environment: ['A\0'] },
    'a relative working directory': { workingDir: 'srv' },
    'a working directory in /proc': { workingDir: '/proc/self/fd/7' },
    'a user that wraps round to root': { user: '4294967296' },
    'a hostname of two lines': { hostname: 'a\nb' },
    'a hostname of 64 characters': { hostname: 'a'.repeat(64) },
    'a console without a side': { consoleSize: { rows: 0, columns: 0 } },
    'a console of 65,536': { consoleSize: { rows: 65_536, columns: 65_536 } },
    'too little memory': { memory: 1024 },
    'negative memory': { memory: -1 },
    'memory beyond counting': { memory: 2 ** 53 },
    'half a byte': { memory: 2 ** 26 + 0.5 },
    'no CPU': { cpus: 0 },
    'not a number of CPUs': { cpus: Number.NaN },
    'no process': { pidsLimit: 0 },
    'infinitely many processes': { pidsLimit: Number.POSITIVE_INFINITY },
    'signal 0': { stopSignal: 0 },
    'an unknown capability': { capAdd: ['SYS_ROOT'] },
    'an overflowing ulimit': { ulimits: [{ name: 'nofile', soft: 2 ** 53, hard: 2 ** 53 }] },
    'the same ulimit twice': {
      ulimits: [
        { name: 'core', soft: 1, hard: 1 },
        { name: 'core', soft: 2, hard: 2 },
      ],
    },
    'two mounts at one place': { binds: [target], tmpfs: [{ target: '/b/', options: [] }] },
    'a relative source': { binds: [{ ...target, source: '../a' }] },
    'a mount over the root': { binds: [{ ...target, target: '/x/..' }] },
    'an option of tmpfs that is none': { tmpfs: [{ target: '/t', options: ['mpol=x'] }] },
    'a profile that is none': { seccomp: { kind: 'profile', profile: { defaultAction: 'ALLOW' } } },
    'a profile that wants a listener': {
      seccomp: { kind: 'profile', profile: { defaultAction: 'SCMP_ACT_NOTIFY' } },
    },
  }
  for (const [what, asked] of Object.entries(cases))
    test(what, () => {
      const errors = errorsOf(asked)
      assert.equal(errors.length, 1, errors.join('\n'))
      assert.doesNotMatch(errors[0] ?? '', /[\n\0]/)
      assert.ok((errors[0] ?? '').length < 400)
    })
})

test('all that is wrong is said at once', () => {
  assert.equal(errorsOf({ args: [], memory: 1, cpus: -1, user: 'a:b:c' }).length, 4)
})

test('paths are cleaned and capabilities are spelt as the kernel does', () => {
  const checked = checkedOptions(
    options({
      binds: [{ source: '/a/', target: '/b/../c', readonly: false }],
      capAdd: ['net_admin', 'NET_ADMIN'],
    }),
  )
  assert.ok(E.isRight(checked))
  assert.deepEqual(checked.right.binds, [{ source: '/a', target: '/c', readonly: false }])
  assert.deepEqual(checked.right.capAdd, ['CAP_NET_ADMIN'])
})
