import { UsageError } from '../failure.ts'

/** A signal as people write it, once it is sure that there is such a one. */
export const checkedSignal = async (text: string): Promise<string> => {
  const { parseSignal } = await import('../../domain/kernel/signals.ts')
  if (parseSignal(text)._tag === 'None')
    throw new UsageError(`there is no signal ${text}`, 'a name like TERM or SIGUSR1, or a number')
  return text
}
