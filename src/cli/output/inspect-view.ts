import type { Container, Image } from '../client/answers.ts'
import { signalName } from './signals.ts'
import { allFields } from './template.ts'

/** What people and images choose the keys of: any of them may be asked for. */
const free = ['labels', 'Labels', 'profile']

/** Docker's word for a status; what docker has no word for is `dead`. */
const state = ({ status }: Container): string => {
  switch (status) {
    case 'creating':
    case 'created':
    case 'create-failed':
      return 'created'
    case 'starting':
    case 'running':
      return 'running'
    case 'paused':
    case 'exited':
    case 'removing':
      return status
    case 'start-failed':
      return 'exited'
    case 'lost':
    case 'removed':
      return 'dead'
  }
}

const zeroTime = '0001-01-01T00:00:00Z'

/** All that is known, under our names and, for templates, under docker's too (moby, api/types/container). */
export const containerView = (container: Container): object =>
  allFields(containerFields(container), free) as object

const containerFields = (container: Container): object => {
  const { options, exit, failure, image } = container
  const binds = (options['binds'] ?? []) as ReadonlyArray<
    Readonly<{ source: string; target: string; readonly: boolean }>
  >
  const status = state(container)
  return {
    ...container,
    Id: container.id,
    Created: container.createdAt,
    Path: container.command[0] ?? '',
    Args: container.command.slice(1),
    State: {
      Status: status,
      Running: status === 'running' || status === 'paused',
      Paused: status === 'paused',
      Restarting: false,
      OOMKilled: exit?.oomKilled ?? false,
      Dead: status === 'dead',
      Pid: container.pid ?? 0,
      // An end that nobody saw has no code; a template then prints <nil> and not a number.
      ExitCode: container.lost === null ? (exit?.exitCode ?? failure?.exitCode ?? 0) : null,
      Error: failure?.cause ?? '',
      StartedAt: container.startedAt ?? zeroTime,
      FinishedAt: container.endedAt ?? zeroTime,
      Signal: exit?.signal == null ? '' : signalName(exit.signal),
    },
    Image: image.config,
    Name: `/${container.name}`,
    RestartCount: 0,
    Driver: 'overlay',
    Platform: 'linux',
    HostConfig: {
      Binds: binds.map(({ source, target, readonly }) => `${source}:${target}${readonly ? ':ro' : ''}`),
      NetworkMode: options['network'] ?? 'none',
      AutoRemove: container.autoRemove,
      ReadonlyRootfs: options['readonlyRootfs'] ?? options['readonly'] ?? false,
      Memory: options['memory'] ?? 0,
      NanoCpus: Math.round(Number(options['cpus'] ?? 0) * 1e9),
      PidsLimit: options['pidsLimit'] ?? null,
      CapAdd: options['capAdd'] ?? [],
      CapDrop: options['capDrop'] ?? [],
      Init: options['init'] ?? false,
    },
    Mounts: binds.map(({ source, target, readonly }) => ({
      Type: 'bind',
      Source: source,
      Destination: target,
      RW: !readonly,
    })),
    Config: {
      Hostname: options['hostname'] ?? container.id.slice(0, 12),
      User: options['user'] ?? '',
      Tty: options['terminal'] ?? false,
      OpenStdin: options['stdin'] ?? false,
      // Names only: the history keeps no values.
      Env: options['environment'] ?? [],
      Cmd: container.command,
      Image: image.name,
      WorkingDir: options['workingDir'] ?? '',
      Labels: container.labels ?? {},
    },
  }
}

/** The same for an image (moby, api/types/image). */
export const imageView = (image: Image): object => allFields(imageFields(image), free) as object

const imageFields = (image: Image): object => ({
  ...image,
  Id: image.id,
  RepoTags: [image.familiar ?? image.name],
  RepoDigests: [
    `${image.name.replace(/(?::[^/:]+)?(?:@.*)?$/, '')}@${image.index?.digest ?? image.manifest.digest}`,
  ],
  Created: image.created,
  Architecture: image.platform.architecture,
  Variant: image.platform.variant ?? '',
  Os: image.platform.os,
  Size: image.unpackedSize ?? image.size,
  Config: {
    Env: image.image['env'] ?? [],
    Cmd: image.image['cmd'] ?? [],
    Entrypoint: image.image['entrypoint'] ?? [],
    User: image.image['user'] ?? '',
    WorkingDir: image.image['workingDir'] ?? '',
    Labels: image.image['labels'] ?? {},
  },
  RootFS: { Type: 'layers', Layers: image.layers.map(({ diffId }) => diffId) },
})
