import * as E from 'fp-ts/lib/Either.js'
import type { InvalidRequest } from '../../domain/kernel/decode.ts'
import type { EffectFailure } from '../../domain/kernel/problem.ts'

/** Why a bundle cannot be had; each is a page of the documentation. */
export type Problem =
  | 'user-not-found'
  | 'bad-user'
  | 'bad-working-dir'
  | 'bad-environment'
  | 'bad-option'
  | 'bad-seccomp-profile'
  | 'bind-source-missing'
  | 'capability-unavailable'
  | 'environment-lost'
  | 'init-missing'
  | 'unsafe-path'
  | 'mount-failed'
  | 'bundle-lost'
  | 'bundle-unavailable'
  | 'no-space'
  | 'too-many-open-files'

/** Final: the same again would fail the same way. */
export const refused = (problem: Problem, cause: string): E.Either<EffectFailure, never> =>
  E.left({ reason: 'refused', problem, cause })

export const invalid = (problem: Problem, { errors }: InvalidRequest): E.Either<EffectFailure, never> =>
  refused(problem, errors.join('; '))
