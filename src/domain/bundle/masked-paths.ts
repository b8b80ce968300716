import type { HostFacts } from './host-facts.ts'

/** Parts of /proc and /sys that tell of the host: a container finds them empty. Docker's list of 2026. */
export const maskedPaths = ({ thermalPaths }: HostFacts): ReadonlyArray<string> => [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
  ...thermalPaths,
]

/** Parts of /proc that change the host: a container may read them. */
export const readonlyPaths: ReadonlyArray<string> = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
]
