import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import * as Bundle from '../../domain/bundle/index.ts'
import type { ContainerId } from '../../domain/kernel/identifiers.ts'
import type { EffectFailure } from '../../domain/kernel/problem.ts'
import { whenToGiveUp } from '../events/patience.ts'
import type { Reactor } from '../events/reactor.ts'

/** Turns promised bundles into directories. `forget` lets go of what a monitor keeps in one before it is removed. */
export const bundleReactor = (
  bundles: Bundle.BundleStore,
  forget: (container: ContainerId) => TE.TaskEither<EffectFailure, void>,
): Reactor<Bundle.State, Bundle.Work, Bundle.Outcome, EffectFailure> => ({
  name: 'bundle',
  category: Bundle.category,
  owed: Bundle.owed,
  overlapping: false,

  perform: work => {
    const { container } = work
    return work.task === 'prepare'
      ? pipe(
          bundles.prepare(work),
          TE.map(bundle => ({ type: 'RecordBundlePrepared', container, ...bundle })),
        )
      : pipe(
          forget(container),
          TE.flatMap(() => bundles.remove(container)),
          TE.map(() => ({ type: 'RecordBundleRemoved', container })),
        )
  },

  giveUp: ({ task, container }, problem, attempt) => {
    const failure = whenToGiveUp(problem, attempt)
    return failure === 'try-again' || task === 'remove'
      ? 'try-again'
      : { type: 'RecordBundlePrepareFailed', container, failure }
  },
})
