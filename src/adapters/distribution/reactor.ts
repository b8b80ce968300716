import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import * as Distribution from '../../domain/distribution/index.ts'
import type { Descriptor } from '../../domain/kernel/descriptor.ts'
import type { EffectFailure } from '../../domain/kernel/problem.ts'
import { whenToGiveUp } from '../events/patience.ts'
import type { Reactor } from '../events/reactor.ts'

/** Asks registries what names stand for; what they say on the way is kept. */
export const distributionReactor = (
  registry: Distribution.Registry,
  keep: (blob: Descriptor, bytes: Uint8Array) => Promise<void>,
  signal: AbortSignal,
): Reactor<Distribution.State, Distribution.Work, Distribution.Outcome, EffectFailure> => ({
  name: 'distribution',
  category: Distribution.category,
  owed: Distribution.owed,
  overlapping: false,

  perform: ({ pull, name, platform }, { correlationId: credentialsKey }) =>
    pipe(
      registry.resolve({ name, platform, credentialsKey, keep, signal }),
      TE.map(resolved => ({ type: 'RecordManifestResolved', pull, ...resolved })),
    ),

  giveUp: ({ pull }, problem, attempt) => {
    const failure = whenToGiveUp(problem, attempt, 1)
    return failure === 'try-again' ? failure : { type: 'RecordImagePullFailed', pull, failure }
  },
})
