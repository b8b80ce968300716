import type { ContainerOptions, Ulimit } from '../kernel/container-options.ts'
import type { HostFacts } from './host-facts.ts'
import { UNLIMITED } from './oci-config.ts'
import type { OciDeviceRule, OciResources, OciRlimit } from './oci-config.ts'

/** The scheduler's period in microseconds, docker's. */
const PERIOD = 100_000

const device = (major: number, minor: number): OciDeviceRule => ({
  allow: true,
  type: 'c',
  major,
  minor,
  access: 'rwm',
})

/** No device but null, zero, random, urandom, tty and console; the runtime adds full, ptmx and the ptys itself. */
const devices: ReadonlyArray<OciDeviceRule> = [
  { allow: false, access: 'rwm' },
  device(1, 3),
  device(1, 5),
  device(1, 8),
  device(1, 9),
  device(5, 0),
  device(5, 1),
]

type Limits = Pick<ContainerOptions, 'memory' | 'cpus' | 'pidsLimit'>

/** Memory and swap together are twice the memory, as in docker, where swap can be limited. */
export const resources = ({ memory, cpus, pidsLimit }: Limits, { limitsSwap }: HostFacts): OciResources => ({
  devices,
  ...(memory === null ? {} : { memory: { limit: memory, ...(limitsSwap ? { swap: 2 * memory } : {}) } }),
  ...(cpus === null ? {} : { cpu: { quota: Math.round(cpus * PERIOD), period: PERIOD } }),
  ...(pidsLimit === null ? {} : { pids: { limit: pidsLimit } }),
})

const limit = (value: number) => (value === -1 ? UNLIMITED : value)

export const rlimits = (ulimits: ReadonlyArray<Ulimit>): ReadonlyArray<OciRlimit> =>
  ulimits.map(({ name, soft, hard }) => ({
    type: `RLIMIT_${name.toUpperCase()}`,
    soft: limit(soft),
    hard: limit(hard),
  }))
