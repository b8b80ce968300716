import { describe, it } from 'node:test'
import { ContainerNames, Image } from '../../../src/domain/metadata/index.ts'
import {
  aTarget,
  blob,
  containerId,
  containerName,
  digestOf,
  imageName,
  namespace,
} from '../../support/examples.ts'
import { everyHistory } from '../../support/every-history.ts'
import { specification } from '../../support/specification.ts'

const name = imageName()
const target = aTarget()

describe('the name of an image', () => {
  const { given } = specification(Image.decider)
  const nameIt: Image.Command = { type: 'NamePulledImage', namespace, name, target, pull: 'pull-1' }
  const named: Image.Event = {
    type: 'ImageNamed',
    namespace,
    name,
    target,
    source: { kind: 'pull', pull: 'pull-1' },
  }
  const remove: Image.Command = { type: 'RemoveImage', namespace, name }
  const removeRequested: Image.Event = { type: 'ImageRemoveRequested', namespace, name }
  const removed: Image.Event = { type: 'ImageRemoved', namespace, name, blobs: [digestOf(1)], snapshots: [] }
  const tag: Image.Command = { type: 'TagImage', namespace, name, target, from: name }

  it('is given by a pull, once by each', () => {
    given().when(nameIt).then(named)
    given(named).when(nameIt).thenNothing()
    given(named)
      .when({ ...nameIt, pull: 'pull-2' })
      .then({ ...named, source: { kind: 'pull', pull: 'pull-2' } })
  })
  it('is not given again by a tag for what it stands for already', () => given(named).when(tag).thenNothing())
  it('is moved by a tag to something else', () => {
    const other = { ...target, manifest: blob(60) }
    given(named)
      .when({ ...tag, target: other })
      .then({ ...named, target: other, source: { kind: 'tag', from: name } })
  })
  it('is removed with what nobody else refers to', () => {
    given(named).when(remove).then(removeRequested)
    given(named, removeRequested)
      .when({ type: 'RecordImageRemoved', namespace, name, blobs: [digestOf(1)], snapshots: [] })
      .then(removed)
  })
  it('that is not there cannot be removed', () => {
    given().when(remove).thenRejected({ reason: 'image-not-found', image: name })
    given(named, removeRequested, removed)
      .when(remove)
      .thenRejected({ reason: 'image-not-found', image: name })
  })

  everyHistory({
    Event: Image.Event,
    decider: Image.decider,
    commands: [
      nameIt,
      { ...nameIt, pull: 'pull-2' },
      tag,
      remove,
      { type: 'RecordImageRemoved', namespace, name, blobs: [], snapshots: [] },
    ],
    owes: {
      of: state => Image.owed(state).length > 0,
      after: last => last?.type === 'ImageRemoveRequested',
    },
  })
})

describe('the name of a container', () => {
  const { given } = specification(ContainerNames.decider)
  const mine = { namespace, name: containerName(), container: containerId(1) }
  const theirs = { ...mine, container: containerId(2) }
  const reserved: ContainerNames.Event = { type: 'ContainerNameReserved', ...mine }
  const released: ContainerNames.Event = { type: 'ContainerNameReleased', ...mine }

  it('belongs to one container at a time', () => {
    given()
      .when({ type: 'ReserveContainerName', ...mine })
      .then(reserved)
    given(reserved)
      .when({ type: 'ReserveContainerName', ...mine })
      .thenNothing()
    given(reserved)
      .when({ type: 'ReserveContainerName', ...theirs })
      .thenNothing()
  })
  it('is free again when its holder lets go of it', () => {
    given(reserved)
      .when({ type: 'ReleaseContainerName', ...mine })
      .then(released)
    given(reserved, released)
      .when({ type: 'ReserveContainerName', ...theirs })
      .then({ ...reserved, ...theirs })
  })
  it('is not let go of by another', () =>
    given(reserved)
      .when({ type: 'ReleaseContainerName', ...theirs })
      .thenNothing())

  everyHistory({
    Event: ContainerNames.Event,
    decider: ContainerNames.decider,
    commands: [mine, theirs].flatMap(claim => [
      { type: 'ReserveContainerName', ...claim } as const,
      { type: 'ReleaseContainerName', ...claim } as const,
    ]),
  })
})
