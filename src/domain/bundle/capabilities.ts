import * as E from 'fp-ts/lib/Either.js'
import { malformed, parsed, quoted } from './flag.ts'
import type { Parsed } from './flag.ts'

/** Every capability of <linux/capability.h>; the index is its number. */
const capabilities: ReadonlyArray<string> = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
]

/** What docker leaves a container with. */
export const defaultCapabilities: ReadonlyArray<string> = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
]

export const ALL = 'ALL'

/** `NET_ADMIN`, `cap_net_admin`, `ALL`: the name as the kernel has it. */
export const parseCapability = (text: string): Parsed<string> => {
  const upper = text.toUpperCase()
  if (upper === ALL) return parsed(ALL)
  const name = upper.startsWith('CAP_') ? upper : `CAP_${upper}`
  return capabilities.includes(name) ? parsed(name) : malformed(`capability ${quoted(text)} is not known`)
}

/**
 * Docker's arithmetic: with `ALL` added, everything that this machine has but what is dropped; with `ALL` dropped,
 * what is added and nothing else; otherwise the default without the dropped, with the added. What a name that is
 * added and dropped comes to follows from that. `available`: what we may give, which is what we have ourselves.
 */
export const grantedCapabilities = (
  { capAdd, capDrop }: Readonly<{ capAdd: ReadonlyArray<string>; capDrop: ReadonlyArray<string> }>,
  available: ReadonlyArray<string>,
): ReadonlyArray<string> => {
  const added = capAdd.filter(name => name !== ALL)
  const granted = capAdd.includes(ALL)
    ? available.filter(name => !capDrop.includes(name))
    : capDrop.includes(ALL)
      ? added
      : [...defaultCapabilities.filter(name => available.includes(name) && !capDrop.includes(name)), ...added]
  return [...new Set(granted)]
}

/** Asked for by name, but not to be had here: the runtime would warn of it, and start without it. */
export const unavailableCapabilities = (
  capAdd: ReadonlyArray<string>,
  available: ReadonlyArray<string>,
): ReadonlyArray<string> => capAdd.filter(name => name !== ALL && !available.includes(name))

/** The capabilities of a set as /proc/<pid>/status writes it: `000001fffeffffff`. */
export const capabilitiesIn = (mask: string): ReadonlyArray<string> => {
  const bits = BigInt(`0x${mask}`)
  return capabilities.filter((_, number) => (bits & (1n << BigInt(number))) !== 0n)
}

/** All of them as the kernel has them. */
export const checkedCapabilities = (names: ReadonlyArray<string>): Parsed<ReadonlyArray<string>> => {
  const checked: Array<string> = []
  for (const name of names) {
    const one = parseCapability(name)
    if (E.isLeft(one)) return one
    if (!checked.includes(one.right)) checked.push(one.right)
  }
  return parsed(checked)
}
