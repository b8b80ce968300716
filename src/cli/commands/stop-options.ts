import { UsageError } from '../failure.ts'
import { checkedSignal } from './signal.ts'

export type StopFlags = Readonly<{ timeout?: number; signal?: string }>

export const stopOptions = async ({
  timeout,
  signal,
}: StopFlags): Promise<Readonly<Record<string, unknown>>> => {
  if (timeout !== undefined && (!Number.isInteger(timeout) || timeout < -1))
    throw new UsageError(`--timeout "${timeout}": it is a number of seconds, or -1`)
  return {
    ...(timeout === undefined ? {} : { timeout }),
    ...(signal === undefined ? {} : { signal: await checkedSignal(signal) }),
  }
}
