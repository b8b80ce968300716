import { describe, it } from 'node:test'
import type * as Content from '../../../src/domain/content/index.ts'
import { decider } from '../../../src/domain/content/index.ts'
import { blob, pullId } from '../../support/examples.ts'
import { specification } from '../../support/specification.ts'

const { given } = specification(decider)

const alpine = blob(1)
const { digest } = alpine
const source = { domain: 'docker.io', path: 'library/alpine' }
const failure = { problem: 'digest-mismatch', cause: 'the registry sent something else' }

const fetch: Content.Command = { type: 'FetchBlob', blob: alpine, source, pull: pullId() }
const requested: Content.Event = { type: 'BlobFetchRequested', blob: alpine, source, pull: pullId() }
const stored: Content.Event = { type: 'BlobStored', blob: alpine }
const failed: Content.Event = { type: 'BlobFetchFailed', digest, failure }
const remove: Content.Command = { type: 'RemoveBlob', digest, because: 'image alpine was removed' }
const removeRequested: Content.Event = {
  type: 'BlobRemoveRequested',
  digest,
  because: 'image alpine was removed',
}
const removed: Content.Event = { type: 'BlobRemoved', digest }

describe('fetching a blob', () => {
  it('is requested first', () => given().when(fetch).then(requested))
  it('is requested once, however many pulls want it', () =>
    given(requested)
      .when({ ...fetch, pull: pullId(2) })
      .thenNothing())
  it('is not needed when the blob is stored', () => given(requested, stored).when(fetch).thenNothing())
  it('may be asked for again after a failure', () => given(requested, failed).when(fetch).then(requested))
  it('may be asked for again while the blob is being removed', () =>
    given(requested, stored, removeRequested).when(fetch).then(requested))
  it('may be asked for again after the blob was removed', () =>
    given(requested, stored, removeRequested, removed).when(fetch).then(requested))
})

describe('recording what became of a fetch', () => {
  const record: Content.Command = { type: 'RecordBlobStored', blob: alpine }
  it('completes the request', () => given(requested).when(record).then(stored))
  it('is harmless the second time', () => given(requested, stored).when(record).thenNothing())
  it('makes no sense for a blob nobody asked for', () =>
    given().when(record).thenRejected({ reason: 'blob-not-requested', digest }))
  it('says why it failed', () =>
    given(requested).when({ type: 'RecordBlobFetchFailed', digest, failure }).then(failed))
  it('cannot fail once the blob is stored', () =>
    given(requested, stored).when({ type: 'RecordBlobFetchFailed', digest, failure }).thenNothing())
})

describe('removing a blob', () => {
  it('is requested once', () => given(requested, stored).when(remove).then(removeRequested))
  it('is not asked for again', () => given(requested, stored, removeRequested).when(remove).thenNothing())
  it('leaves alone what somebody is fetching', () => given(requested).when(remove).thenNothing())
  it('is recorded when it is done', () =>
    given(requested, stored, removeRequested).when({ type: 'RecordBlobRemoved', digest }).then(removed))
  it('is not recorded of a blob that was asked for again meanwhile', () =>
    given(requested, stored, removeRequested, requested)
      .when({ type: 'RecordBlobRemoved', digest })
      .thenNothing())
})
