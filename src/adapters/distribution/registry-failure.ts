import { isEffectFailure } from '../../domain/kernel/problem.ts'
import type { EffectFailure } from '../../domain/kernel/problem.ts'

/** What can be wrong with a registry, or with what one asked of it. */
export type Problem =
  | 'image-not-found'
  | 'registry-unauthorized'
  | 'registry-unreachable'
  | 'registry-refused'
  | 'registry-protocol'
  | 'digest-mismatch'
  | 'size-mismatch'
  | 'too-large'
  | 'platform-not-found'

export const refused = (problem: Problem, cause: string): EffectFailure => ({
  reason: 'refused',
  problem,
  cause,
})

export const unavailable = (problem: Problem | 'cancelled', cause: string): EffectFailure => ({
  reason: 'unavailable',
  problem,
  cause,
})

/** Whatever was thrown while a registry was asked: our own failures as they are, those of the network as what they mean. */
export const failureOf = (doing: string, error: unknown): EffectFailure => {
  if (isEffectFailure(error)) return error
  const { name, message, code } = error as NodeJS.ErrnoException
  if (name === 'AbortError') return unavailable('cancelled', `${doing}: cancelled`)
  // Several addresses of one name were tried: undici gives an AggregateError without a message.
  return unavailable('registry-unreachable', `${doing}: ${message || (code ?? name)}`)
}
