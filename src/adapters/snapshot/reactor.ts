import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Digest } from '../../domain/kernel/identifiers.ts'
import type { EffectFailure } from '../../domain/kernel/problem.ts'
import * as Snapshot from '../../domain/snapshot/index.ts'
import { whenToGiveUp } from '../events/patience.ts'
import type { Reactor } from '../events/reactor.ts'

/** Turns promised snapshots into real ones. */
export const snapshotReactor = (
  driver: Snapshot.Driver,
  blobPath: (digest: Digest) => string,
  progress: (digest: Digest, bytes: number) => void,
): Reactor<Snapshot.State, Snapshot.Work, Snapshot.Outcome, EffectFailure> => ({
  name: 'snapshot',
  category: Snapshot.category,
  owed: Snapshot.owed,
  overlapping: false,

  perform: work => {
    const { key } = work
    switch (work.task) {
      case 'unpack': {
        const { layer } = work
        const { digest } = layer.blob
        return pipe(
          driver.unpack({
            key,
            layer,
            blobPath: blobPath(digest),
            progress: bytes => progress(digest, bytes),
          }),
          TE.map(({ size, entries }) => ({ type: 'RecordLayerUnpacked', key, size, entries })),
        )
      }
      case 'prepare':
        return pipe(
          driver.prepare(work),
          TE.map(mounts => ({ type: 'RecordSnapshotPrepared', key, mounts })),
        )
      case 'remove':
        return pipe(
          driver.remove(key),
          TE.map(() => ({ type: 'RecordSnapshotRemoved', key })),
        )
    }
  },

  giveUp: ({ task, key }, problem, attempt) => {
    const failure = whenToGiveUp(problem, attempt)
    if (failure === 'try-again' || task === 'remove') return 'try-again'
    return task === 'unpack'
      ? { type: 'RecordLayerUnpackFailed', key, failure }
      : { type: 'RecordSnapshotPrepareFailed', key, failure }
  },
})
