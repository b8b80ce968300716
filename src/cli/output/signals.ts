import { constants } from 'node:os'

/** `SIGKILL` for 9; the number where it has no name here. */
export const signalName = (signal: number | string): string => {
  if (typeof signal === 'string') return signal.startsWith('SIG') ? signal : `SIG${signal}`
  const found = Object.entries(constants.signals).find(([, number]) => number === signal)
  return found?.[0] ?? `signal ${signal}`
}
