import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { ContainerOptions } from '../kernel/container-options.ts'
import { decode } from '../kernel/decode.ts'
import { malformed, parsed } from './flag.ts'
import type { Parsed } from './flag.ts'
import type { OciSeccomp, OciSyscall } from './oci-config.ts'

const optional = <C extends t.Mixed>(codec: C) => t.union([codec, t.null, t.undefined])
const strings = t.readonlyArray(t.string)

/** Numbers above 2^53 lose their last digits in JSON as we read it, and a filter must not compare with another number. */
const Whole = t.refinement(
  t.number,
  n => Number.isSafeInteger(n) && n >= 0,
  'a whole number from 0 to 2^53 - 1',
)

const keys = <K extends string>(names: ReadonlyArray<K>, name: string) =>
  t.keyof(Object.fromEntries(names.map(key => [key, null])) as Record<K, null>, name)

const action = keys(
  [
    'SCMP_ACT_KILL',
    'SCMP_ACT_KILL_PROCESS',
    'SCMP_ACT_KILL_THREAD',
    'SCMP_ACT_TRAP',
    'SCMP_ACT_ERRNO',
    'SCMP_ACT_TRACE',
    'SCMP_ACT_ALLOW',
    'SCMP_ACT_LOG',
  ],
  'an action of seccomp (SCMP_ACT_NOTIFY is not supported)',
)

const operator = keys(
  [
    'SCMP_CMP_NE',
    'SCMP_CMP_LT',
    'SCMP_CMP_LE',
    'SCMP_CMP_EQ',
    'SCMP_CMP_GE',
    'SCMP_CMP_GT',
    'SCMP_CMP_MASKED_EQ',
  ],
  'a comparison of seccomp',
)

const flag = keys(
  ['SECCOMP_FILTER_FLAG_TSYNC', 'SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW'],
  'a flag of seccomp',
)

const seccompArchitecture = keys(
  [
    'SCMP_ARCH_X86',
    'SCMP_ARCH_X86_64',
    'SCMP_ARCH_X32',
    'SCMP_ARCH_ARM',
    'SCMP_ARCH_AARCH64',
    'SCMP_ARCH_MIPS',
    'SCMP_ARCH_MIPS64',
    'SCMP_ARCH_MIPS64N32',
    'SCMP_ARCH_MIPSEL',
    'SCMP_ARCH_MIPSEL64',
    'SCMP_ARCH_MIPSEL64N32',
    'SCMP_ARCH_PPC',
    'SCMP_ARCH_PPC64',
    'SCMP_ARCH_PPC64LE',
    'SCMP_ARCH_S390',
    'SCMP_ARCH_S390X',
    'SCMP_ARCH_RISCV64',
    'SCMP_ARCH_LOONGARCH64',
  ],
  'an architecture of seccomp',
)

/** When a rule applies: to these architectures (as Go names them), with all of these capabilities, from this kernel on. */
const Condition = t.type({
  arches: optional(strings),
  caps: optional(strings),
  minKernel: optional(t.string),
})
type Condition = t.TypeOf<typeof Condition>

const Rule = t.type({
  name: optional(t.string),
  names: optional(strings),
  action,
  errnoRet: optional(Whole),
  args: optional(
    t.readonlyArray(t.type({ index: Whole, value: Whole, valueTwo: optional(Whole), op: operator })),
  ),
  includes: optional(Condition),
  excludes: optional(Condition),
})
type Rule = t.TypeOf<typeof Rule>

/** A profile in docker's format: OCI's, with conditions. Podman's and containerd's defaults are written in it too. */
export const SeccompProfile = t.type(
  {
    defaultAction: action,
    defaultErrnoRet: optional(Whole),
    architectures: optional(t.readonlyArray(seccompArchitecture)),
    archMap: optional(
      t.readonlyArray(
        t.type({
          architecture: seccompArchitecture,
          subArchitectures: optional(t.readonlyArray(seccompArchitecture)),
        }),
      ),
    ),
    flags: optional(t.readonlyArray(flag)),
    syscalls: optional(t.readonlyArray(Rule)),
  },
  'SeccompProfile',
)
export type SeccompProfile = t.TypeOf<typeof SeccompProfile>

/** Reads a profile that somebody gave us. */
export const parseSeccompProfile = (input: unknown): Parsed<SeccompProfile> => {
  const profile = decode(SeccompProfile)(input)
  if (E.isLeft(profile))
    return E.left({ ...profile.left, errors: profile.left.errors.map(error => `seccomp profile: ${error}`) })
  const rules = profile.right.syscalls ?? []
  if (rules.some(rule => namesOf(rule).length === 0))
    return malformed('seccomp profile: a rule names no system call')
  return (profile.right.architectures?.length ?? 0) > 0 && (profile.right.archMap?.length ?? 0) > 0
    ? malformed('seccomp profile: architectures and archMap exclude each other')
    : parsed(profile.right)
}

/**
 * A profile, and whether its further architectures are kept. The runtime compiles one filter per architecture: the
 * default profile for x86-64 alone saves 8 ms of every start, at the price that 32-bit programs are killed. A profile
 * that was given to us is not ours to change, and keeps `all`.
 */
export type ChosenProfile = Readonly<{ profile: SeccompProfile; architectures: 'native' | 'all' }>

/** What an option comes to; null is unconfined. */
export const chosenProfile = (
  seccomp: ContainerOptions['seccomp'],
  byDefault: SeccompProfile,
): Parsed<ChosenProfile | null> => {
  switch (seccomp.kind) {
    case 'unconfined':
      return parsed(null)
    case 'default':
      return parsed({ profile: byDefault, architectures: 'native' })
    case 'profile': {
      const given = parseSeccompProfile(seccomp.profile)
      return E.isLeft(given) ? given : parsed({ profile: given.right, architectures: 'all' })
    }
  }
}

/** What the conditions of a profile are about. */
export type SeccompHost = Readonly<{
  /** As Go names it: `amd64`, `arm64`. */
  architecture: string
  /** As uname(2) has it. */
  kernel: string
  /** What the container is granted. */
  capabilities: ReadonlyArray<string>
}>

const native: Readonly<Record<string, OciSeccomp['architectures'][number]>> = {
  amd64: 'SCMP_ARCH_X86_64',
  arm64: 'SCMP_ARCH_AARCH64',
  riscv64: 'SCMP_ARCH_RISCV64',
  ppc64le: 'SCMP_ARCH_PPC64LE',
  s390x: 'SCMP_ARCH_S390X',
  loong64: 'SCMP_ARCH_LOONGARCH64',
}

/** A profile as the OCI runtime takes it, for one machine and one set of capabilities. */
export const ociSeccomp = ({ profile, architectures }: ChosenProfile, host: SeccompHost): OciSeccomp => {
  const own = native[host.architecture]
  const mapped = profile.archMap?.find(({ architecture }) => architecture === own)
  const further = [...(mapped?.subArchitectures ?? []), ...(profile.architectures ?? [])]
  const defaultErrno = profile.defaultErrnoRet ?? undefined

  return {
    defaultAction: profile.defaultAction,
    ...(defaultErrno === undefined ? {} : { defaultErrnoRet: defaultErrno }),
    architectures: [
      ...new Set([...(own === undefined ? [] : [own]), ...(architectures === 'all' ? further : [])]),
    ],
    ...(profile.flags == null || profile.flags.length === 0 ? {} : { flags: profile.flags }),
    syscalls: (profile.syscalls ?? []).flatMap(rule => {
      const saysNothing =
        rule.action === profile.defaultAction && (rule.errnoRet ?? defaultErrno) === defaultErrno
      return !saysNothing && applies(rule, host) ? [ociSyscall(rule)] : []
    }),
  }
}

const applies = ({ includes, excludes }: Rule, host: SeccompHost) =>
  (includes == null || isMet(includes, host)) && (excludes == null || !isAnyMet(excludes, host))

const isMet = ({ arches, caps, minKernel }: Condition, host: SeccompHost) =>
  (arches == null || arches.length === 0 || arches.includes(host.architecture)) &&
  (caps ?? []).every(name => host.capabilities.includes(name)) &&
  (minKernel == null || isAtLeast(host.kernel, minKernel))

const isAnyMet = ({ arches, caps, minKernel }: Condition, host: SeccompHost) =>
  (arches ?? []).includes(host.architecture) ||
  (caps ?? []).some(name => host.capabilities.includes(name)) ||
  (minKernel != null && isAtLeast(host.kernel, minKernel))

/** Major and minor count, as in docker: `4.8` is met by `6.18.44-debian`. */
export const isAtLeast = (kernel: string, least: string): boolean => {
  const [major = 0, minor = 0] = kernel.split(/[.-]/).map(Number)
  const [leastMajor = 0, leastMinor = 0] = least.split('.').map(Number)
  return major > leastMajor || (major === leastMajor && minor >= leastMinor)
}

const namesOf = ({ name, names }: Rule) => [...(names ?? []), ...(name == null || name === '' ? [] : [name])]

const ociSyscall = (rule: Rule): OciSyscall => ({
  names: namesOf(rule),
  action: rule.action,
  ...(rule.errnoRet == null ? {} : { errnoRet: rule.errnoRet }),
  ...(rule.args == null || rule.args.length === 0
    ? {}
    : {
        args: rule.args.map(({ index, value, valueTwo, op }) => ({
          index,
          value,
          ...(valueTwo == null ? {} : { valueTwo }),
          op,
        })),
      }),
})
