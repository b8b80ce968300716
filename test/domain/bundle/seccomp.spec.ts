import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as E from 'fp-ts/lib/Either.js'
import { readDefaultProfile } from '../../../src/adapters/bundle/seccomp-profile.ts'
import { isAtLeast, ociSeccomp, parseSeccompProfile } from '../../../src/domain/bundle/seccomp.ts'
import type { SeccompHost } from '../../../src/domain/bundle/seccomp.ts'

const host: SeccompHost = { architecture: 'amd64', kernel: '6.1.0', capabilities: ['CAP_CHOWN'] }

const profileOf = (profile: unknown) => {
  const parsed = parseSeccompProfile(profile)
  assert.ok(E.isRight(parsed), E.isLeft(parsed) ? parsed.left.errors.join() : '')
  return parsed.right
}
const rule = (name: string, more = {}) => ({ names: [name], action: 'SCMP_ACT_ALLOW', ...more })
const allowed = (syscalls: ReadonlyArray<object>, on = host) =>
  ociSeccomp(
    { profile: profileOf({ defaultAction: 'SCMP_ACT_ERRNO', syscalls }), architectures: 'all' },
    on,
  ).syscalls.flatMap(({ names }) => names)

test('rules apply by capability, architecture and kernel', () => {
  const rules = [
    rule('always'),
    rule('with-chown', { includes: { caps: ['CAP_CHOWN'] } }),
    rule('with-both', { includes: { caps: ['CAP_CHOWN', 'CAP_KILL'] } }),
    rule('without-chown', { excludes: { caps: ['CAP_CHOWN'] } }),
    rule('x86', { includes: { arches: ['amd64', 'x32'] } }),
    rule('arm', { includes: { arches: ['arm64'] } }),
    rule('not-x86', { excludes: { arches: ['amd64'] } }),
    rule('new', { includes: { minKernel: '4.8' } }),
    rule('newer', { includes: { minKernel: '6.2' } }),
    rule('old', { excludes: { minKernel: '4.8' } }),
  ]
  assert.deepEqual(allowed(rules), ['always', 'with-chown', 'x86', 'new'])
  const arm = { architecture: 'arm64', kernel: '4.4.0', capabilities: [] }
  assert.deepEqual(allowed(rules, arm), ['always', 'without-chown', 'arm', 'not-x86', 'old'])
})

test('the default keeps the machine’s own architecture, a given profile all of its', () => {
  const profile = profileOf({
    defaultAction: 'SCMP_ACT_ERRNO',
    archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'] }],
  })
  assert.deepEqual(ociSeccomp({ profile, architectures: 'native' }, host).architectures, ['SCMP_ARCH_X86_64'])
  assert.deepEqual(ociSeccomp({ profile, architectures: 'all' }, host).architectures, [
    'SCMP_ARCH_X86_64',
    'SCMP_ARCH_X86',
    'SCMP_ARCH_X32',
  ])
})

test('a rule that says what is so anyway is left out; one with another errno is not', () => {
  const profile = profileOf({
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: 38,
    syscalls: [
      { names: ['a'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 },
      { names: ['b'], action: 'SCMP_ACT_ERRNO' },
      { names: ['c'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 },
    ],
  })
  assert.deepEqual(ociSeccomp({ profile, architectures: 'native' }, host).syscalls, [
    { names: ['c'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 },
  ])
})

test('a profile that is none is refused', () => {
  for (const profile of [
    null,
    {},
    [],
    { defaultAction: 'ALLOW' },
    { defaultAction: 'SCMP_ACT_NOTIFY' },
    { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ action: 'SCMP_ACT_ALLOW' }] },
    {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [rule('a', { args: [{ index: 0, value: 2 ** 60, op: 'SCMP_CMP_EQ' }] })],
    },
    { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule('a', { args: [{ index: 0, value: 1, op: '==' }] })] },
    { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['x86'] },
    {
      defaultAction: 'SCMP_ACT_ALLOW',
      architectures: ['SCMP_ARCH_X86'],
      archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: null }],
    },
  ])
    assert.ok(E.isLeft(parseSeccompProfile(profile)), JSON.stringify(profile))
})

test('kernels are compared by their numbers', () => {
  assert.ok(isAtLeast('6.18.44-debian', '5.12'))
  assert.ok(isAtLeast('5.12-rc1', '5.12'))
  assert.ok(!isAtLeast('5.4.0', '5.12'))
  assert.ok(!isAtLeast('4.19.0', '5.1'))
})

test('the default that comes with us is a profile, and knows the system calls of newer kernels', () => {
  const profile = readDefaultProfile('/not/there')
  const names = ociSeccomp({ profile, architectures: 'native' }, host).syscalls.flatMap(
    ({ action, names }) => (action === 'SCMP_ACT_ALLOW' ? names : []),
  )
  for (const name of ['read', 'openat2', 'clone3', 'futex_waitv', 'mseal'])
    assert.ok(names.includes(name), name)
  for (const name of ['kexec_load', 'init_module', 'bpf', 'open_by_handle_at', 'settimeofday'])
    assert.ok(!names.includes(name), name)
})
