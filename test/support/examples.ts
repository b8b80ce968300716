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

export const layer = (n: number): Layer => ({ blob: blob(n), diffId: digestOf(100 + n), chainId: digestOf(200 + n) })
export const layerKey = ({ chainId }: Layer) => chainId as string as SnapshotKey
