import { checked, libc } from './libc.ts'

/** The same on every architecture since 5.3 <asm-generic/unistd.h>. */
const SYS_pidfd_send_signal = 424n
const SYS_pidfd_open = 434n

/**
 * A descriptor that means this process and no other, however often its number is used again. The caller closes it.
 * Throws SystemError (ESRCH: there is no such process).
 */
export const openProcess = (pid: number): number =>
  Number(checked(libc.syscall(SYS_pidfd_open, BigInt(pid), 0n, 0n, 0n), 'pidfd_open', null))

/** Sends a signal (0 only asks) to the process of a descriptor. Throws SystemError (ESRCH: it has ended). */
export const signalProcess = (pidfd: number, signal: number): void => {
  checked(
    libc.syscall(SYS_pidfd_send_signal, BigInt(pidfd), BigInt(signal), 0n, 0n),
    'pidfd_send_signal',
    null,
  )
}
