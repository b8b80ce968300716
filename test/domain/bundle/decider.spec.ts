import { describe, it } from 'node:test'
import type * as Bundle from '../../../src/domain/bundle/index.ts'
import { Event, decider, owed } from '../../../src/domain/bundle/index.ts'
import { anImageConfig, containerId, digestOf, namespace } from '../../support/examples.ts'
import { options } from '../../support/bundle-options.ts'
import { everyHistory } from '../../support/every-history.ts'
import { specification } from '../../support/specification.ts'

const { given } = specification(decider)

const container = containerId()
const failure = { problem: 'user-not-found', cause: 'there is no user "web" in /etc/passwd of the image' }
const request = {
  container,
  namespace,
  mounts: [],
  defaults: anImageConfig().defaults,
  options: options(),
}
const prepare: Bundle.Command = { type: 'PrepareBundle', ...request }
const requested: Bundle.Event = { type: 'BundlePrepareRequested', ...request }
const record: Bundle.Command = {
  type: 'RecordBundlePrepared',
  container,
  path: '/b',
  configDigest: digestOf(1),
}
const prepared: Bundle.Event = { type: 'BundlePrepared', container, path: '/b', configDigest: digestOf(1) }
const remove: Bundle.Command = { type: 'RemoveBundle', container }
const removeRequested: Bundle.Event = { type: 'BundleRemoveRequested', container }

describe('preparing a bundle', () => {
  it('is requested once', () => {
    given().when(prepare).then(requested)
    given(requested).when(prepare).thenNothing()
    given(requested, prepared).when(prepare).thenNothing()
  })
  it('is recorded once', () => {
    given(requested).when(record).then(prepared)
    given(requested, prepared).when(record).thenNothing()
  })
  it('may be asked for again after a failure', () =>
    given(requested, { type: 'BundlePrepareFailed', container, failure }).when(prepare).then(requested))
  it('is refused while it is being removed', () =>
    given(requested, prepared, removeRequested)
      .when(prepare)
      .thenRejected({ reason: 'bundle-being-removed', container }))
})

describe('removing a bundle', () => {
  it('is requested once, and ensured of one that never was', () => {
    given().when(remove).then(removeRequested)
    given(requested, prepared, removeRequested).when(remove).thenNothing()
  })
})

describe('every bundle, whatever happens to it', () =>
  everyHistory({
    Event,
    decider,
    commands: [
      prepare,
      record,
      { type: 'RecordBundlePrepareFailed', container, failure },
      remove,
      { type: 'RecordBundleRemoved', container },
    ],
    owes: { of: state => owed(state).length > 0, after: last => last?.type.endsWith('Requested') === true },
  }))
