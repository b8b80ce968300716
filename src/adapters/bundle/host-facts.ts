import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { hostname, release } from 'node:os'
import { capabilitiesIn } from '../../domain/bundle/capabilities.ts'
import type { HostFacts } from '../../domain/bundle/host-facts.ts'
import { networkSysctlNames } from '../../domain/bundle/runtime-spec.ts'

/** Go's names, which seccomp profiles use, of the architectures that Node names in its own way. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ppc64: 'ppc64le' }

const CGROUPS = '/sys/fs/cgroup'

/** Reads what a config.json depends on: a few small files, once. */
export const readHostFacts = (): HostFacts => {
  // Only v2 has this file at its root; on a hybrid host v2 is mounted below, and has no controllers.
  const cgroup = existsSync(`${CGROUPS}/cgroup.controllers`) ? 'v2' : 'v1'
  return {
    architecture: architectures[process.arch] ?? process.arch,
    kernel: release(),
    cgroup,
    capabilities: capabilitiesIn(
      /^CapPrm:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0',
    ),
    limitsSwap: existsSync(
      cgroup === 'v2' ? ownV2File('memory.swap.max') : `${CGROUPS}/memory/memory.memsw.limit_in_bytes`,
    ),
    thermalPaths: thermalPaths(),
    networkSysctls: networkSysctlNames.filter(name => existsSync(`/proc/sys/${name.replaceAll('.', '/')}`)),
    hostname: hostname(),
  }
}

/** Limits are files of every cgroup but the root: ours will do. */
const ownV2File = (name: string) => {
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/'
  return own === '/' ? `${CGROUPS}/init.scope/${name}` : `${CGROUPS}${own}/${name}`
}

const CPUS = '/sys/devices/system/cpu'

const thermalPaths = () => {
  try {
    return readdirSync(CPUS)
      .filter(name => /^cpu\d+$/.test(name))
      .map(name => `${CPUS}/${name}/thermal_throttle`)
      .filter(path => existsSync(path))
  } catch {
    return []
  }
}
