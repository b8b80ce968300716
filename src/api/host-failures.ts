/** Failures that are nobody's fault but the host's, and what somebody may try. */
const failuresOfTheHost: Readonly<Record<string, string>> = {
  'no-space': 'make room (shiplog rm, shiplog rmi, or by other means), then ask again',
  'no-memory': 'ask again when there is more memory',
  'io-error': 'see what the kernel says of the disk (dmesg), then ask again',
  'too-many-open-files': 'ask again when less is going on, or let the daemon have more open files',
  'bundle-unavailable': 'see that the disk can be written to, then ask again',
  'monitor-unavailable': 'ask again in a moment',
}

export const isOfTheHost = (problem: string): boolean => Object.hasOwn(failuresOfTheHost, problem)

export const adviceOnHost = (problem: string): string | null => failuresOfTheHost[problem] ?? null
