import type { Container, Image, Operation, RecordedEvent } from '../../../src/cli/client/answers.ts'

export const containerId = 'a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90'
export const digest = (letter: string) => `sha256:${letter.repeat(64)}`

export const root = { kind: 'unix', uid: 0, gid: 0, pid: 42, user: 'root' } as const

export const container = (changes: Partial<Container> = {}): Container => ({
  id: containerId,
  name: 'web',
  namespace: 'default',
  image: { name: 'docker.io/library/alpine:3.20', manifest: digest('1'), config: digest('2') },
  command: ['sleep', '60'],
  status: 'running',
  pid: 4711,
  run: 1,
  exit: null,
  lost: null,
  failure: null,
  createdAt: '2026-11-24T11:57:00.000Z',
  startedAt: '2026-11-24T11:57:00.000Z',
  endedAt: null,
  removedAt: null,
  labels: { tier: 'front' },
  options: {},
  autoRemove: false,
  actor: root,
  removedBy: null,
  position: 12,
  ...changes,
})

export const image = (changes: Partial<Image> = {}): Image =>
  ({
    name: 'docker.io/library/alpine:3.20',
    familiar: 'alpine:3.20',
    namespace: 'default',
    id: digest('2'),
    manifest: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: digest('1'), size: 500 },
    index: null,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digest('2'), size: 600 },
    layers: [
      {
        blob: {
          mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
          digest: digest('3'),
          size: 3_600_000,
        },
        diffId: digest('4'),
        chainId: digest('4'),
      },
    ],
    size: 3_600_000,
    unpackedSize: 7_800_000,
    platform: { os: 'linux', architecture: 'amd64', variant: '' },
    created: '2026-11-10T12:00:00Z',
    image: { env: ['PATH=/bin'], cmd: ['/bin/sh'], entrypoint: [], user: '', workingDir: '', labels: {} },
    history: [
      { created: '2026-11-10T12:00:00Z', createdBy: '/bin/sh -c #(nop) ADD file:1 in /' },
      { created: '2026-11-10T12:00:00Z', createdBy: '/bin/sh -c #(nop)  CMD ["/bin/sh"]', emptyLayer: true },
    ],
    namedAt: '2026-11-24T11:50:00Z',
    position: 9,
    ...changes,
  }) as Image

export const event = (
  position: number,
  type: string,
  data: Readonly<Record<string, unknown>> = {},
): RecordedEvent => ({
  position,
  id: `0000000${position}-0000-4000-8000-000000000000`,
  stream: `container-node/default/${containerId}`,
  revision: position,
  type,
  data: { container: containerId, ...data },
  recordedAt: `2026-11-24T11:58:${String(position % 60).padStart(2, '0')}.000Z`,
  occurredAt: `2026-11-24T11:58:${String(position % 60).padStart(2, '0')}.000Z`,
  correlation: 'operation-1',
  causation: null,
  command: 'command-1',
  actor: root,
  node: 'node',
  bootId: 'boot',
})

export const operation = (changes: Partial<Operation> = {}): Operation => ({
  id: 'operation-1',
  command: 'run-container',
  status: 'succeeded',
  subject: { kind: 'container', id: containerId, name: 'web' },
  outcome: null,
  events: [],
  position: 20,
  ...changes,
})
