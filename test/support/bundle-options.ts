import fc from 'fast-check'
import type { ContainerOptions } from '../../src/domain/kernel/container-options.ts'
import type { ImageDefaults } from '../../src/domain/kernel/image-config.ts'

/** Options that ask for nothing; a test names what matters to it. */
export const options = (asked: Partial<ContainerOptions> = {}): ContainerOptions => ({
  args: ['/bin/sh'],
  environment: [],
  workingDir: null,
  user: null,
  hostname: null,
  terminal: false,
  stdin: false,
  consoleSize: null,
  readonlyRootfs: false,
  binds: [],
  tmpfs: [],
  labels: {},
  memory: null,
  cpus: null,
  pidsLimit: null,
  ulimits: [],
  capAdd: [],
  capDrop: [],
  noNewPrivileges: false,
  seccomp: { kind: 'default' },
  init: false,
  network: 'none',
  stopSignal: null,
  ...asked,
})

export const defaults = (said: Partial<ImageDefaults> = {}): ImageDefaults => ({
  user: '',
  env: [],
  workingDir: '',
  volumes: [],
  stopSignal: null,
  ...said,
})

const path = fc
  .array(fc.stringMatching(/^[a-z][a-z0-9._-]{0,8}$/), { minLength: 1, maxLength: 4 })
  .map(parts => `/${parts.join('/')}`)
  .filter(text => !text.startsWith('/proc'))

const nullable = <A>(arbitrary: fc.Arbitrary<A>) => fc.option(arbitrary, { nil: null })
const capability = fc.constantFrom('ALL', 'NET_ADMIN', 'cap_sys_ptrace', 'CAP_CHOWN', 'SYS_ADMIN')

const ulimit = fc
  .tuple(fc.constantFrom('nofile', 'core', 'nproc', 'stack'), fc.nat(), fc.nat(), fc.boolean())
  .map(([name, a, b, isUnlimited]) => ({
    name,
    soft: Math.min(a, b),
    hard: isUnlimited ? -1 : Math.max(a, b),
  }))

const profile = fc.record({
  defaultAction: fc.constantFrom('SCMP_ACT_ERRNO', 'SCMP_ACT_KILL_PROCESS', 'SCMP_ACT_ALLOW'),
  archMap: fc.constant([{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }]),
  syscalls: fc.array(
    fc.record({
      names: fc.array(fc.constantFrom('read', 'write', 'clone'), { minLength: 1 }),
      action: fc.constantFrom('SCMP_ACT_ALLOW', 'SCMP_ACT_LOG'),
      args: fc.array(
        fc.record({
          index: fc.nat(5),
          value: fc.maxSafeNat(),
          op: fc.constantFrom('SCMP_CMP_EQ', 'SCMP_CMP_NE'),
        }),
      ),
      includes: fc.record({ caps: fc.array(fc.constantFrom('CAP_SYS_ADMIN', 'CAP_CHOWN')) }),
    }),
    { maxLength: 4 },
  ),
})

/** Options as a face would take them, all of them acceptable. */
export const acceptableOptions: fc.Arbitrary<ContainerOptions> = fc
  .record({
    args: fc.array(fc.string({ maxLength: 20 }), { maxLength: 4 }).map(args => ['/bin/sh', ...args]),
    workingDir: nullable(path),
    user: nullable(fc.constantFrom('', '0', 'ana', '1000:audio', '1:2')),
    hostname: nullable(fc.stringMatching(/^[a-z0-9]{1,10}(\.[a-z0-9]{1,5})?$/)),
    terminal: fc.boolean(),
    stdin: fc.boolean(),
    consoleSize: nullable(
      fc.record({ rows: fc.integer({ min: 1, max: 65_535 }), columns: fc.integer({ min: 1, max: 65_535 }) }),
    ),
    readonlyRootfs: fc.boolean(),
    targets: fc.uniqueArray(path, { maxLength: 5 }),
    memory: nullable(fc.integer({ min: 6 * 2 ** 20, max: 2 ** 45 })),
    cpus: nullable(fc.integer({ min: 1, max: 6400 }).map(hundredths => hundredths / 100)),
    pidsLimit: nullable(fc.integer({ min: 1, max: 2 ** 22 })),
    ulimits: fc.uniqueArray(ulimit, { selector: ({ name }) => name }),
    capAdd: fc.array(capability, { maxLength: 3 }),
    capDrop: fc.array(capability, { maxLength: 3 }),
    noNewPrivileges: fc.boolean(),
    seccomp: fc.oneof(
      fc.constantFrom({ kind: 'default' as const }, { kind: 'unconfined' as const }),
      fc.record({ kind: fc.constant('profile' as const), profile }),
    ),
    init: fc.boolean(),
    network: fc.constantFrom('none' as const, 'host' as const),
    stopSignal: nullable(fc.integer({ min: 1, max: 64 })),
  })
  .map(({ targets, args, ...rest }) =>
    options({
      ...rest,
      args: args.map(arg => arg.replaceAll('\0', '')),
      binds: targets.slice(0, 2).map((target, i) => ({ source: '/data', target, readonly: i === 0 })),
      tmpfs: targets.slice(2).map(target => ({ target, options: ['size=1m', 'exec'] })),
    }),
  )
