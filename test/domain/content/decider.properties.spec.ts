import { describe } from 'node:test'
import { Event, decider, owed } from '../../../src/domain/content/index.ts'
import type * as Content from '../../../src/domain/content/index.ts'
import { blob, pullId } from '../../support/examples.ts'
import { everyHistory } from '../../support/every-history.ts'

const one = blob(1)
const { digest } = one
const source = { domain: 'docker.io', path: 'library/alpine' }
const failure = { problem: 'registry-unreachable', cause: 'nobody answered' }

const commands: ReadonlyArray<Content.Command> = [
  { type: 'FetchBlob', blob: one, source, pull: pullId(1) },
  { type: 'FetchBlob', blob: one, source, pull: pullId(2) },
  { type: 'RecordBlobStored', blob: one },
  { type: 'RecordBlobFetchFailed', digest, failure },
  { type: 'RemoveBlob', digest, because: 'test' },
  { type: 'RecordBlobRemoved', digest },
]

describe('every blob, whatever happens to it', () =>
  everyHistory({
    Event,
    decider,
    commands,
    owes: {
      of: state => owed(state).length > 0,
      after: last => last?.type === 'BlobFetchRequested' || last?.type === 'BlobRemoveRequested',
    },
  }))
