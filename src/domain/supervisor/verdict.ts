import type { Ended } from './port.ts'

/** What can be seen of a run whose monitor writes to nobody any more. */
export type Observed = Readonly<{
  /** The monitor's exit file: its text and when it was written; null where there is none. */
  exit: Readonly<{ text: string; at: Date }> | null
  oomKilled: boolean
  /** The host has been down since the run began. */
  hostRestarted: boolean
  observed: 'live' | 'after-restart'
}>

/** A shell's convention, which conmon follows: 128 + n for an end by signal n (signal(7) ends at 64). */
const signalOf = (exitCode: number) => (exitCode > 128 && exitCode <= 128 + 64 ? exitCode - 128 : null)

/**
 * How it ended. An end that nobody wrote down is lost, with the reason; it is never given a code.
 */
export const verdict = ({ exit, oomKilled, hostRestarted, observed }: Observed): Ended => {
  // Torn (the file system was full), it is no code: neither 0 nor the part of it that is there.
  const code = exit !== null && /^\d{1,3}$/.test(exit.text) ? Number(exit.text) : Number.NaN
  if (exit === null || !(code <= 255))
    return { kind: 'lost', because: hostRestarted ? 'host-restarted' : 'monitor-died' }
  return {
    kind: 'exited',
    exitCode: code,
    signal: signalOf(code),
    oomKilled,
    exitedAt: exit.at.toISOString(),
    observed,
  }
}
