// What we write of the OCI runtime specification 1.0.2 (config.md, config-linux.md): the shape of config.json.

export type OciMount = Readonly<{
  destination: string
  type: string
  source: string
  options: ReadonlyArray<string>
}>

export type OciSyscall = Readonly<{
  names: ReadonlyArray<string>
  action: string
  errnoRet?: number
  args?: ReadonlyArray<Readonly<{ index: number; value: number; valueTwo?: number; op: string }>>
}>

export type OciSeccomp = Readonly<{
  defaultAction: string
  defaultErrnoRet?: number
  architectures: ReadonlyArray<string>
  flags?: ReadonlyArray<string>
  syscalls: ReadonlyArray<OciSyscall>
}>

export type OciDeviceRule = Readonly<{
  allow: boolean
  type?: 'c' | 'b'
  major?: number
  minor?: number
  access: string
}>

export type OciResources = Readonly<{
  devices: ReadonlyArray<OciDeviceRule>
  memory?: Readonly<{ limit: number; swap?: number }>
  cpu?: Readonly<{ quota: number; period: number }>
  pids?: Readonly<{ limit: number }>
}>

/** `soft` and `hard` of an unlimited resource are `RLIM_INFINITY`, which JSON.stringify cannot write: see `ociJson`. */
export type OciRlimit = Readonly<{ type: string; soft: number; hard: number }>

export type OciUser = Readonly<{ uid: number; gid: number; additionalGids: ReadonlyArray<number> }>

export type OciConfig = Readonly<{
  ociVersion: '1.0.2'
  process: Readonly<{
    terminal: boolean
    consoleSize?: Readonly<{ height: number; width: number }>
    user: OciUser
    args: ReadonlyArray<string>
    env: ReadonlyArray<string>
    cwd: string
    capabilities: Readonly<{
      bounding: ReadonlyArray<string>
      effective: ReadonlyArray<string>
      permitted: ReadonlyArray<string>
    }>
    rlimits: ReadonlyArray<OciRlimit>
    noNewPrivileges: boolean
    oomScoreAdj: number
  }>
  root: Readonly<{ path: string; readonly: boolean }>
  hostname: string
  mounts: ReadonlyArray<OciMount>
  annotations: Readonly<Record<string, string>>
  linux: Readonly<{
    cgroupsPath: string
    namespaces: ReadonlyArray<Readonly<{ type: string }>>
    resources: OciResources
    seccomp?: OciSeccomp
    sysctl: Readonly<Record<string, string>>
    maskedPaths: ReadonlyArray<string>
    readonlyPaths: ReadonlyArray<string>
  }>
}>

/** 2^64, the nearest that a number comes to RLIM_INFINITY. */
export const UNLIMITED = 2 ** 64

type RawJson = Readonly<{ rawJSON: (text: string) => unknown }>

export type OciProcess = OciConfig['process']

/** The text of config.json. Unlimited resources are written as 2^64 - 1, which a number cannot hold. */
export const ociJson = (config: OciConfig): string =>
  JSON.stringify({ ...config, process: writable(config.process) })

/** The text of a `process` by itself: what runtimes take for a further process in a container. */
export const ociProcessJson = (process: OciProcess): string => JSON.stringify(writable(process))

const writable = (process: OciProcess) => {
  const { rlimits } = process
  if (!rlimits.some(({ soft, hard }) => soft === UNLIMITED || hard === UNLIMITED)) return process
  const infinity = (JSON as unknown as RawJson).rawJSON('18446744073709551615')
  const written = (limit: number) => (limit === UNLIMITED ? infinity : limit)
  return {
    ...process,
    rlimits: rlimits.map(({ type, soft, hard }) => ({ type, soft: written(soft), hard: written(hard) })),
  }
}
