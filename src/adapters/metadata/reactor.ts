import * as E from 'fp-ts/lib/Either.js'
import type { Digest, ImageName, Namespace, SnapshotKey } from '../../domain/kernel/identifiers.ts'
import type { EffectFailure } from '../../domain/kernel/problem.ts'
import { Image, imageCategory } from '../../domain/metadata/index.ts'
import type { Target } from '../../domain/metadata/index.ts'
import type { Reactor } from '../events/reactor.ts'

/** What only this name refers to, by a graph that has heard of everything up to the removal's request. */
export type OnlyReferredToBy = (
  namespace: Namespace,
  name: ImageName,
  target: Target,
) => Promise<Readonly<{ blobs: ReadonlyArray<Digest>; snapshots: ReadonlyArray<SnapshotKey> }> | 'behind'>

/** Says what goes when a name goes. It is the one reactor that reads a read model: reachability is one. */
export const imageReactor = (
  onlyReferredToBy: OnlyReferredToBy,
): Reactor<Image.State, Image.Work, Image.Outcome, EffectFailure> => ({
  name: 'image',
  category: imageCategory,
  owed: Image.owed,
  overlapping: false,

  perform:
    ({ namespace, name, target }) =>
    async () => {
      const gone = await onlyReferredToBy(namespace, name, target)
      if (gone === 'behind')
        return E.left({
          reason: 'unavailable',
          problem: 'references-behind',
          cause: `${name}: the references are not up to date`,
        })
      return E.right({ type: 'RecordImageRemoved', namespace, name, ...gone })
    },

  giveUp: () => 'try-again',
})
