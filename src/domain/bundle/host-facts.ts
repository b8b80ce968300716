/** What of this machine matters to a config.json. It does not change while the daemon runs. */
export type HostFacts = Readonly<{
  /** As Go names it: `amd64`, `arm64`. */
  architecture: string
  /** As uname(2) has it: `6.1.0-18-amd64`. */
  kernel: string
  /** `v1` is also a hybrid of both, where the controllers are v1's. */
  cgroup: 'v1' | 'v2'
  /** The most a container can be granted: what we have ourselves. */
  capabilities: ReadonlyArray<string>
  /** Swap is accounted for, so that a limit of it can be set. */
  limitsSwap: boolean
  /** Paths of this machine alone that tell of its hardware (GHSA-6fw5-f8r9-fgfm). */
  thermalPaths: ReadonlyArray<string>
  /** Which of the sysctls we set in a network namespace of its own this kernel has. */
  networkSysctls: ReadonlyArray<string>
  hostname: string
}>
