import type { ContainerOptions } from '../kernel/container-options.ts'
import type { ContainerId } from '../kernel/identifiers.ts'
import { signalName } from '../kernel/signals.ts'
import { grantedCapabilities } from './capabilities.ts'
import type { HostFacts } from './host-facts.ts'
import { maskedPaths, readonlyPaths } from './masked-paths.ts'
import { allMounts, INIT_PATH } from './mounts.ts'
import type { EtcFiles } from './mounts.ts'
import type { OciConfig, OciUser } from './oci-config.ts'
import { resources, rlimits } from './resources.ts'
import { ociSeccomp } from './seccomp.ts'
import type { ChosenProfile } from './seccomp.ts'

/** The cgroup of all our containers, in every hierarchy. */
export const CGROUP_PARENT = '/shiplog'

/** Docker's values: ping without a capability, and no port that only root may listen on. */
const networkSysctls: Readonly<Record<string, string>> = {
  'net.ipv4.ping_group_range': '0 2147483647',
  'net.ipv4.ip_unprivileged_port_start': '0',
}
export const networkSysctlNames: ReadonlyArray<string> = Object.keys(networkSysctls)

export type SpecInput = Readonly<{
  container: ContainerId
  /** Checked (`checkedOptions`). */
  options: ContainerOptions
  hostname: string
  /** What the process gets, values and all. */
  environment: ReadonlyArray<string>
  /** Absolute and clean. */
  workingDir: string
  user: OciUser
  /** Resolved: what was asked for, else the image's. */
  stopSignal: number
  etc: EtcFiles
  /** The init of `--init` on the host; null without it. */
  init: string | null
  /** null is unconfined. */
  seccomp: ChosenProfile | null
  host: HostFacts
  /**
   * Random, and kept with the bundle: the log has this configuration's digest, from which nobody shall be able to
   * guess a password in its environment.
   */
  salt: string
}>

/**
 * The config.json of a container (OCI runtime specification 1.0.2), as docker would make it. Its labels do not become
 * annotations: runtimes take orders from annotations (`run.oci.…`, `org.systemd.property.…`), and images have labels.
 */
export const runtimeSpec = ({ options, host, ...input }: SpecInput): OciConfig => {
  const capabilities = grantedCapabilities(options, host.capabilities)
  const { consoleSize, terminal } = options

  return {
    ociVersion: '1.0.2',
    process: {
      terminal,
      ...(terminal && consoleSize !== null
        ? { consoleSize: { height: consoleSize.rows, width: consoleSize.columns } }
        : {}),
      user: input.user,
      args: input.init === null ? options.args : [INIT_PATH, '--', ...options.args],
      env: input.environment,
      cwd: input.workingDir,
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      rlimits: rlimits(options.ulimits),
      noNewPrivileges: options.noNewPrivileges,
      oomScoreAdj: 0,
    },
    root: { path: 'rootfs', readonly: options.readonlyRootfs },
    hostname: input.hostname,
    mounts: allMounts(options, input.etc, input.init, host),
    annotations: {
      'org.opencontainers.image.stopSignal': signalName(input.stopSignal),
      'shiplog.salt': input.salt,
    },
    linux: {
      cgroupsPath: `${CGROUP_PARENT}/${input.container}`,
      namespaces: namespaces(options.network, host),
      resources: resources(options, host),
      ...(input.seccomp === null ? {} : { seccomp: ociSeccomp(input.seccomp, { ...host, capabilities }) }),
      sysctl: options.network === 'host' ? {} : sysctls(host),
      maskedPaths: maskedPaths(host),
      readonlyPaths,
    },
  }
}

/** A cgroup namespace comes with v2, as in docker; on v1 the container sees its own groups mounted instead. */
const namespaces = (network: ContainerOptions['network'], { cgroup }: HostFacts) =>
  [
    'mount',
    'pid',
    'ipc',
    'uts',
    ...(network === 'host' ? [] : ['network']),
    ...(cgroup === 'v2' ? ['cgroup'] : []),
  ].map(type => ({ type }))

const sysctls = ({ networkSysctls: present }: HostFacts) =>
  Object.fromEntries(Object.entries(networkSysctls).filter(([name]) => present.includes(name)))
