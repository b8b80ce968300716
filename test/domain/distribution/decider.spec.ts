import { describe, it } from 'node:test'
import type * as Distribution from '../../../src/domain/distribution/index.ts'
import { Event, decider, owed } from '../../../src/domain/distribution/index.ts'
import { aPull, aResolution, aResolved, blob, imageName, pullId } from '../../support/examples.ts'
import { everyHistory } from '../../support/every-history.ts'
import { specification } from '../../support/specification.ts'

const { given } = specification(decider)

const pull = pullId()
const ask = aPull(pull)
const { type: _, ...request } = ask
const requested: Distribution.Event = { type: 'ImagePullRequested', ...request }
const resolved: Distribution.Event = { type: 'ManifestResolved', pull, ...aResolution() }
const pulled: Distribution.Event = { type: 'ImagePulled', pull, name: imageName(), manifest: blob(50) }
const failure = { problem: 'image-not-found', cause: 'the registry has no such image' }

describe('pulling an image', () => {
  it('is requested once under an id', () => {
    given().when(ask).then(requested)
    given(requested).when(ask).thenNothing()
  })
  it('of another name needs another id', () =>
    given(requested)
      .when({ ...ask, name: imageName('docker.io/library/debian:12') })
      .thenRejected({ reason: 'pull-id-taken', pull }))
  it('records what the name stood for', () =>
    given(requested)
      .when({ type: 'RecordManifestResolved', pull, ...aResolved() })
      .then(resolved))
  it('M5 records which labels of the image were not taken over, by name', () =>
    given(requested)
      .when({ type: 'RecordManifestResolved', pull, ...aResolved(['shiplog.x', 'containerd.io/gc.root']) })
      .then(resolved, {
        type: 'ReservedLabelsStripped',
        pull,
        config: aResolution().config.digest,
        labels: ['shiplog.x', 'containerd.io/gc.root'],
      }))
  it('is over when all is there', () =>
    given(requested, resolved).when({ type: 'RecordImagePulled', pull }).then(pulled))
  it('cannot be over before it was resolved', () =>
    given(requested)
      .when({ type: 'RecordImagePulled', pull })
      .thenRejected({ reason: 'pull-not-requested', pull }))
  it('cannot fail once it is over', () =>
    given(requested, resolved, pulled).when({ type: 'RecordImagePullFailed', pull, failure }).thenNothing())
})

describe('every pull, whatever happens to it', () =>
  everyHistory({
    Event,
    decider,
    commands: [
      ask,
      { type: 'RecordManifestResolved', pull, ...aResolved() },
      { type: 'RecordManifestResolved', pull, ...aResolved(['io.podman.x']) },
      { type: 'RecordImagePulled', pull },
      { type: 'RecordImagePullFailed', pull, failure },
    ],
    owes: { of: state => owed(state).length > 0, after: last => last?.type === 'ImagePullRequested' },
  }))
