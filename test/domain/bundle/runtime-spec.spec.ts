import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as E from 'fp-ts/lib/Either.js'
import fc from 'fast-check'
import { readDefaultProfile } from '../../../src/adapters/bundle/seccomp-profile.ts'
import type { HostFacts } from '../../../src/domain/bundle/host-facts.ts'
import { ociJson } from '../../../src/domain/bundle/oci-config.ts'
import { checkedOptions } from '../../../src/domain/bundle/options.ts'
import { runtimeSpec } from '../../../src/domain/bundle/runtime-spec.ts'
import type { SpecInput } from '../../../src/domain/bundle/runtime-spec.ts'
import { chosenProfile } from '../../../src/domain/bundle/seccomp.ts'
import type { ContainerOptions } from '../../../src/domain/kernel/container-options.ts'
import { acceptableOptions, options } from '../../support/bundle-options.ts'
import { containerId } from '../../support/examples.ts'
import { assertOciConfig } from '../../support/oci-schema.ts'

const host: HostFacts = {
  architecture: 'amd64',
  kernel: '6.1.0-18-amd64',
  cgroup: 'v2',
  capabilities: ['CAP_CHOWN', 'CAP_KILL', 'CAP_NET_ADMIN', 'CAP_SYS_ADMIN', 'CAP_SYS_PTRACE', 'CAP_MKNOD'],
  limitsSwap: true,
  thermalPaths: ['/sys/devices/system/cpu/cpu0/thermal_throttle'],
  networkSysctls: ['net.ipv4.ip_unprivileged_port_start'],
  hostname: 'host',
}
const profile = readDefaultProfile('/not/there')

const specOf = (asked: Partial<ContainerOptions> = {}, input: Partial<SpecInput> = {}) => {
  const checked = checkedOptions(options(asked))
  assert.ok(E.isRight(checked), E.isLeft(checked) ? checked.left.errors.join('\n') : '')
  const seccomp = chosenProfile(checked.right.seccomp, profile)
  assert.ok(E.isRight(seccomp))
  return runtimeSpec({
    container: containerId(),
    options: checked.right,
    hostname: 'web',
    environment: ['PATH=/bin'],
    workingDir: '/srv',
    user: { uid: 1, gid: 2, additionalGids: [2, 3] },
    stopSignal: 15,
    etc: { hosts: '/k/hosts', hostname: '/k/hostname', resolvConf: '/k/resolv.conf' },
    init: null,
    seccomp: seccomp.right,
    host,
    salt: 'salt',
    ...input,
  })
}

test('whatever can be asked for makes a configuration by the specification', () =>
  fc.assert(
    fc.property(
      acceptableOptions,
      fc.constantFrom<HostFacts>(host, {
        ...host,
        cgroup: 'v1',
        limitsSwap: false,
        kernel: '4.19.0',
        architecture: 'arm64',
      }),
      (asked, where) =>
        assertOciConfig(
          JSON.parse(ociJson(specOf(asked, { host: where, init: asked.init ? '/usr/bin/tini' : null }))),
        ),
    ),
  ))

test('what is checked once is accepted as it is', () =>
  fc.assert(
    fc.property(acceptableOptions, asked => {
      const once = checkedOptions(asked)
      assert.ok(E.isRight(once))
      assert.deepEqual(checkedOptions(once.right), once)
    }),
  ))

test('the schema itself tells right from wrong', () => {
  const { process, ...rest } = specOf()
  assert.throws(() => assertOciConfig({ ...rest, process: { ...process, cwd: 7 } }))
  assert.throws(() => assertOciConfig({ ...rest, process, linux: { ...rest.linux, maskedPaths: 'x' } }))
})

test('namespaces are the container’s own, but for the host’s network', () => {
  const types = (asked: Partial<ContainerOptions>, where = host) =>
    specOf(asked, { host: where }).linux.namespaces.map(({ type }) => type)
  assert.deepEqual(types({}), ['mount', 'pid', 'ipc', 'uts', 'network', 'cgroup'])
  assert.deepEqual(types({ network: 'host' }), ['mount', 'pid', 'ipc', 'uts', 'cgroup'])
  assert.deepEqual(types({}, { ...host, cgroup: 'v1' }), ['mount', 'pid', 'ipc', 'uts', 'network'])
})

test('sysctls are set in a network of its own, as far as the kernel has them', () => {
  assert.deepEqual(specOf().linux.sysctl, { 'net.ipv4.ip_unprivileged_port_start': '0' })
  assert.deepEqual(specOf({ network: 'host' }).linux.sysctl, {})
})

test('limits become what the runtime takes', () => {
  const { devices, ...limits } = specOf({ memory: 2 ** 26, cpus: 1.5, pidsLimit: 7 }).linux.resources
  assert.deepEqual(limits, {
    memory: { limit: 2 ** 26, swap: 2 ** 27 },
    cpu: { quota: 150_000, period: 100_000 },
    pids: { limit: 7 },
  })
  assert.deepEqual(devices[0], { allow: false, access: 'rwm' })
  const { devices: _, ...none } = specOf().linux.resources
  assert.deepEqual(none, {})
  const withoutSwap = specOf({ memory: 2 ** 26 }, { host: { ...host, limitsSwap: false } })
  assert.deepEqual(withoutSwap.linux.resources.memory, { limit: 2 ** 26 })
})

test('an unlimited resource is 2^64 - 1 in the text', () => {
  const text = ociJson(
    specOf({ args: ['18446744073709552000'], ulimits: [{ name: 'core', soft: 0, hard: -1 }] }),
  )
  assert.match(text, /"rlimits":\[\{"type":"RLIMIT_CORE","soft":0,"hard":18446744073709551615\}\]/)
  assert.match(text, /"args":\["18446744073709552000"\]/)
})

test('capabilities are docker’s as far as we have them, with what is added and without what is dropped', () => {
  const granted = (asked: Partial<ContainerOptions>) => specOf(asked).process.capabilities.bounding
  assert.deepEqual(granted({}), ['CAP_CHOWN', 'CAP_MKNOD', 'CAP_KILL'])
  assert.deepEqual(granted({ capDrop: ['chown'], capAdd: ['net_admin'] }), [
    'CAP_MKNOD',
    'CAP_KILL',
    'CAP_NET_ADMIN',
  ])
  assert.deepEqual(granted({ capDrop: ['ALL'] }), [])
  assert.deepEqual(granted({ capDrop: ['ALL'], capAdd: ['KILL'] }), ['CAP_KILL'])
  assert.deepEqual(granted({ capAdd: ['ALL'], capDrop: ['KILL', 'CHOWN'] }), [
    'CAP_NET_ADMIN',
    'CAP_SYS_ADMIN',
    'CAP_SYS_PTRACE',
    'CAP_MKNOD',
  ])
})

test('a size of the console is told with a terminal only', () => {
  const consoleSize = { rows: 24, columns: 80 }
  assert.deepEqual(specOf({ terminal: true, consoleSize }).process.consoleSize, { height: 24, width: 80 })
  assert.equal(specOf({ consoleSize }).process.consoleSize, undefined)
})

test('labels give the runtime no orders', () => {
  const { annotations } = specOf({
    labels: { 'run.oci.seccomp_bpf_data': 'x', 'org.systemd.property.X': 'y' },
  })
  assert.deepEqual(annotations, { 'org.opencontainers.image.stopSignal': 'SIGTERM', 'shiplog.salt': 'salt' })
})

test('with --init the command is the init’s argument, and the init is mounted read-only', () => {
  const { process, mounts } = specOf({ init: true, args: ['a', '-b'] }, { init: '/usr/bin/tini' })
  assert.deepEqual(process.args, ['/sbin/docker-init', '--', 'a', '-b'])
  const init = mounts.find(({ destination }) => destination === '/sbin/docker-init')
  assert.equal(init?.source, '/usr/bin/tini')
  assert.ok(init?.options.includes('ro'))
})

test('what the runtime masks is docker’s list and this machine’s own', () => {
  const { maskedPaths, readonlyPaths } = specOf().linux
  for (const path of ['/proc/kcore', '/proc/keys', '/sys/firmware', ...host.thermalPaths])
    assert.ok(maskedPaths.includes(path), path)
  assert.deepEqual(readonlyPaths, ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'])
})

test('an asked mount takes the place of ours, and the shallow come before the deep', () => {
  const targets = (asked: Partial<ContainerOptions>) =>
    specOf(asked).mounts.map(({ destination }) => destination)
  assert.deepEqual(targets({}).slice(0, 2), ['/proc', '/dev'])
  const replaced = targets({
    tmpfs: [{ target: '/dev/shm', options: [] }],
    binds: [
      { source: '/x', target: '/a/b', readonly: false },
      { source: '/x', target: '/etc', readonly: false },
    ],
  })
  assert.deepEqual(replaced.slice(-3), ['/etc', '/a/b', '/dev/shm'])
  assert.equal(replaced.filter(path => path === '/dev/shm').length, 1)
  assert.ok(!replaced.includes('/etc/hosts'))
})

test('a read-only bind is so to its depth where the kernel can', () => {
  const binds = [{ source: '/x', target: '/a', readonly: true }]
  const optionsOn = (kernel: string) =>
    specOf({ binds }, { host: { ...host, kernel } }).mounts.at(-1)?.options
  assert.deepEqual(optionsOn('5.12.0'), ['rbind', 'rprivate', 'rro'])
  assert.deepEqual(optionsOn('5.4.0-generic'), ['rbind', 'rprivate', 'ro'])
})
