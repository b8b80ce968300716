import { isEffectFailure } from '../../domain/kernel/problem.ts'
import type { EffectFailure } from '../../domain/kernel/problem.ts'
import { shortages } from '../host/shortage.ts'

/** What the file system says, in the words of the port. What is not here is an `io-error`, and may pass. */
const PROBLEMS: Readonly<Record<string, string>> = {
  ...shortages,
  EROFS: 'read-only-store',
}

export const refused = (problem: string, cause: string): EffectFailure => ({
  reason: 'refused',
  problem,
  cause,
})

export const unavailable = (problem: string, cause: string): EffectFailure => ({
  reason: 'unavailable',
  problem,
  cause,
})

/** Whatever was thrown while `doing`: a source's own failure passes as it is. */
export const failureOf = (doing: string, error: unknown): EffectFailure => {
  if (isEffectFailure(error)) return error
  const { name, code, message } = error as NodeJS.ErrnoException
  if (name === 'AbortError') return unavailable('cancelled', `${doing}: cancelled`)
  return unavailable(PROBLEMS[code ?? ''] ?? 'io-error', `${doing}: ${message}`)
}

export const hasCode = (error: unknown, code: string) => (error as NodeJS.ErrnoException).code === code
