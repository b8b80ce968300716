import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import * as Content from '../../domain/content/index.ts'
import type { Descriptor } from '../../domain/kernel/descriptor.ts'
import type { EffectFailure } from '../../domain/kernel/problem.ts'
import { whenToGiveUp } from '../events/patience.ts'
import type { Reactor } from '../events/reactor.ts'

/** Bytes of a blob, from `offset`, with the credentials of an operation. It throws an `EffectFailure`. */
export type FetchBlob = (
  request: Readonly<{
    source: Content.Source
    blob: Descriptor
    offset: number
    credentialsKey: string
    signal: AbortSignal
  }>,
) => AsyncIterable<Uint8Array>

/** Gets the blobs that were promised, and lets go of those that nobody needs. */
export const contentReactor = (
  store: Content.ContentStore,
  fetch: FetchBlob,
  signal: AbortSignal,
): Reactor<Content.State, Content.Work, Content.Outcome, EffectFailure> => ({
  name: 'content',
  category: Content.category,
  owed: Content.owed,
  overlapping: false,

  perform: (work, { correlationId: credentialsKey }) => {
    if (work.task === 'remove')
      return pipe(
        store.remove(work.digest),
        TE.map((): Content.Outcome => ({ type: 'RecordBlobRemoved', digest: work.digest })),
      )
    const { blob, source } = work
    return pipe(
      store.ingest({
        blob,
        source: (offset, signal) => fetch({ source, blob, offset, credentialsKey, signal }),
        signal,
      }),
      TE.map((): Content.Outcome => ({ type: 'RecordBlobStored', blob })),
    )
  },

  giveUp: (work, failure, attempt) => {
    // The registry client has had its own retries: what it gives up is given up.
    const given = whenToGiveUp(failure, attempt, 2)
    if (work.task === 'remove' || given === 'try-again') return 'try-again'
    return { type: 'RecordBlobFetchFailed', digest: work.blob.digest, failure: given }
  },
})
