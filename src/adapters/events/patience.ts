import type { EffectFailure } from '../../domain/kernel/problem.ts'
import type { Failure } from '../../domain/kernel/failure.ts'

/** How often an effect that may work later is tried before it is recorded as failed. */
const ATTEMPTS = 5

/** The failure to record, or that it is too early to give up. */
export const whenToGiveUp = (
  { reason, problem, cause }: EffectFailure,
  attempt: number,
  attempts = ATTEMPTS,
): Failure | 'try-again' => (reason === 'refused' || attempt >= attempts ? { problem, cause } : 'try-again')
