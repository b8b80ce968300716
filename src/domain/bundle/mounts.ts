import type { Bind, Tmpfs } from '../kernel/container-options.ts'
import { isWithin } from './absolute-path.ts'
import type { HostFacts } from './host-facts.ts'
import type { OciMount } from './oci-config.ts'
import { isAtLeast } from './seccomp.ts'
import { tmpfsOptions } from './tmpfs.ts'

/** Files of ours that the container sees in its /etc, by their paths on the host. */
export type EtcFiles = Readonly<{ hosts: string; hostname: string; resolvConf: string }>

/** Where the init of `--init` is found inside, as in docker. */
export const INIT_PATH = '/sbin/docker-init'

const mount = (
  destination: string,
  type: string,
  source: string,
  ...options: ReadonlyArray<string>
): OciMount => ({
  destination,
  type,
  source,
  options,
})

/** What every container has mounted, in this order (docker's). */
const kernelMounts: ReadonlyArray<OciMount> = [
  mount('/proc', 'proc', 'proc', 'nosuid', 'noexec', 'nodev'),
  mount('/dev', 'tmpfs', 'tmpfs', 'nosuid', 'strictatime', 'mode=755', 'size=65536k'),
  mount(
    '/dev/pts',
    'devpts',
    'devpts',
    'nosuid',
    'noexec',
    'newinstance',
    'ptmxmode=0666',
    'mode=0620',
    'gid=5',
  ),
  mount('/sys', 'sysfs', 'sysfs', 'nosuid', 'noexec', 'nodev', 'ro'),
  mount('/sys/fs/cgroup', 'cgroup', 'cgroup', 'ro', 'nosuid', 'noexec', 'nodev'),
  mount('/dev/mqueue', 'mqueue', 'mqueue', 'nosuid', 'noexec', 'nodev'),
  mount('/dev/shm', 'tmpfs', 'shm', 'nosuid', 'noexec', 'nodev', 'mode=1777', 'size=67108864'),
]

/** True of what lies on one of the kernel's file systems above, and so not on the container's rootfs. */
export const isOnKernelMount = (path: string): boolean =>
  ['/proc', '/dev', '/sys'].some(directory => isWithin(directory, path))

type Asked = Readonly<{ binds: ReadonlyArray<Bind>; tmpfs: ReadonlyArray<Tmpfs>; readonlyRootfs: boolean }>

/**
 * All mounts, those that are asked for last and the shallow before the deep. What is asked for takes the place of
 * ours at the same path, and of what ours has below it.
 */
export const allMounts = (
  { binds, tmpfs, readonlyRootfs }: Asked,
  etc: EtcFiles,
  init: string | null,
  host: HostFacts,
): ReadonlyArray<OciMount> => {
  const asked = [
    ...binds.map(bind => bindMount(bind, host)),
    ...tmpfs.map(({ target, options }) => mount(target, 'tmpfs', 'tmpfs', ...tmpfsOptions(options))),
  ].toSorted((a, b) => depth(a) - depth(b))

  const etcMode = readonlyRootfs ? ['ro'] : []
  const ours = [
    ...kernelMounts,
    mount('/etc/resolv.conf', 'bind', etc.resolvConf, 'rbind', 'rprivate', ...etcMode),
    mount('/etc/hostname', 'bind', etc.hostname, 'rbind', 'rprivate', ...etcMode),
    mount('/etc/hosts', 'bind', etc.hosts, 'rbind', 'rprivate', ...etcMode),
    ...(init === null ? [] : [mount(INIT_PATH, 'bind', init, 'bind', 'ro', 'nosuid', 'nodev')]),
  ]
  const isReplaced = ({ destination }: OciMount) =>
    asked.some(other => isWithin(other.destination, destination))
  return [...ours.filter(one => !isReplaced(one)), ...asked]
}

const depth = ({ destination }: OciMount) => destination.split('/').length

/** `rro` makes what is mounted below the source read-only too (mount_setattr(2), Linux 5.12; runc 1.1, crun 1.4). */
const bindMount = ({ source, target, readonly }: Bind, { kernel }: HostFacts): OciMount => {
  const readonlyOption = isAtLeast(kernel, '5.12') ? 'rro' : 'ro'
  return mount(target, 'bind', source, 'rbind', 'rprivate', ...(readonly ? [readonlyOption] : []))
}
