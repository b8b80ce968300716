import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import * as Content from '../../domain/content/index.ts'
import type { Descriptor } from '../../domain/kernel/descriptor.ts'
import type { EffectFailure } from '../../domain/kernel/problem.ts'
import { atMost } from './at-most.ts'
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

/**
 * Blobs that are fetched at the same time. Two keep a fast link busy, and the first layer is there while the others are
 * still on their way: unpacking it takes longer than fetching them.
 */
const AT_A_TIME = 2
const inTurn = atMost(AT_A_TIME)

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
    const ingest = store.ingest({
      blob,
      source: (offset, signal) => fetch({ source, blob, offset, credentialsKey, signal }),
      signal,
    })
    return pipe(
      () => inTurn(ingest),
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
