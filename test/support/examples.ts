import type * as Distribution from '../../src/domain/distribution/index.ts'
import type { Resolved } from '../../src/domain/distribution/index.ts'
import type { ImageConfig } from '../../src/domain/kernel/image-config.ts'
import type { Target } from '../../src/domain/metadata/index.ts'
import type * as Runtime from '../../src/domain/runtime/index.ts'
import type { Descriptor, Layer } from '../../src/domain/kernel/descriptor.ts'
import type {
  ContainerId,
  ContainerName,
  Digest,
  ExecId,
  ImageName,
  Namespace,
  NodeName,
  PullId,
  SnapshotKey,
} from '../../src/domain/kernel/identifiers.ts'
import { options } from './bundle-options.ts'

// Valid examples of the words every component uses: a test names what matters to it and takes the rest from here.

export const digestOf = (n: number) => `sha256:${n.toString(16).padStart(64, '0')}` as Digest

export const containerId = (n = 1) => n.toString(16).padStart(64, 'c') as ContainerId
export const execId = (n = 1) => n.toString(16).padStart(64, 'e') as ExecId
export const pullId = (n = 1) => `pull-${n}` as PullId
export const containerName = (name = 'web') => name as ContainerName
export const imageName = (name = 'docker.io/library/alpine:3.20') => name as ImageName
export const namespace = 'default' as Namespace
export const nodeName = 'n1' as NodeName

export const blob = (n: number, size = 1000 * n): Descriptor => ({
  mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
  digest: digestOf(n),
  size,
})

export const layer = (n: number): Layer => ({
  blob: blob(n),
  diffId: digestOf(100 + n),
  chainId: digestOf(200 + n),
})
export const layerKey = ({ chainId }: Layer) => chainId as string as SnapshotKey

export const anImageConfig = (): ImageConfig => ({
  os: 'linux',
  architecture: 'amd64',
  variant: '',
  created: null,
  author: null,
  entrypoint: null,
  cmd: ['/bin/sh'],
  exposedPorts: [],
  labels: {},
  defaults: { user: '', env: ['PATH=/bin'], workingDir: '', volumes: [], stopSignal: null },
  diffIds: [digestOf(101), digestOf(102)],
  history: [],
})

export const aTarget = (): Target => ({
  index: null,
  manifest: blob(50),
  config: blob(51),
  layers: [layer(1), layer(2)],
  image: anImageConfig(),
})

export const aResolution = (): Omit<Resolved, 'strippedLabels'> => ({
  registry: 'registry-1.docker.io',
  mirror: null,
  domain: 'docker.io',
  path: 'library/alpine',
  ...aTarget(),
})

/** The same as a registry tells it. */
export const aResolved = (strippedLabels: ReadonlyArray<string> = []): Resolved => ({
  ...aResolution(),
  strippedLabels,
})

export const aPull = (pull = pullId()): Distribution.Ask => ({
  type: 'PullImage',
  pull,
  namespace,
  reference: 'alpine:3.20',
  name: imageName(),
  platform: { os: 'linux', architecture: 'amd64', variant: '' },
})

export const aCreation = (
  container = containerId(),
  changed: Partial<Extract<Runtime.Ask, { type: 'CreateContainer' }>> = {},
): Extract<Runtime.Ask, { type: 'CreateContainer' }> => ({
  type: 'CreateContainer',
  container,
  namespace,
  name: containerName(),
  image: {
    name: imageName(),
    manifest: blob(50),
    config: digestOf(51),
    layers: [digestOf(201), digestOf(202)],
  },
  defaults: anImageConfig().defaults,
  options: options(),
  autoRemove: false,
  start: false,
  ...changed,
})
