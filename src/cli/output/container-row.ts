import type { Container } from '../client/answers.ts'
import { ago, localTime, since } from './age.ts'
import { familiar } from './image-name.ts'
import { lostBecause } from './lost.ts'
import { cut, shortId } from './table.ts'
import { fields } from './template.ts'

/** Docker's words where docker has them. An end that nobody saw has no code. */
export const statusText = (container: Container, now: Date): string => {
  const { status, exit, failure } = container
  switch (status) {
    case 'creating':
      return 'Creating'
    case 'created':
      return 'Created'
    case 'starting':
      return 'Starting'
    case 'running':
      return `Up ${since(container.startedAt, now)}`
    case 'paused':
      return `Up ${since(container.startedAt, now)} (Paused)`
    case 'exited': {
      const oom = exit?.oomKilled === true ? ', OOM' : ''
      return `Exited (${exit?.exitCode ?? '?'}${oom}) ${ago(exit?.exitedAt ?? container.endedAt, now)}`
    }
    case 'lost':
      return `Lost (${lostBecause(container.lost ?? 'nobody saw its end')}) ${ago(container.endedAt, now)}`
    case 'start-failed':
      return `Start failed (${failure?.exitCode ?? '?'}) ${ago(container.endedAt, now)}`
    case 'create-failed':
      return 'Create failed'
    case 'removing':
      return 'Removing'
    case 'removed':
      return `Removed ${ago(container.removedAt, now)}`
  }
}

export const containerHeaders = {
  ID: 'CONTAINER ID',
  Image: 'IMAGE',
  Command: 'COMMAND',
  CreatedAt: 'CREATED AT',
  RunningFor: 'CREATED',
  State: 'STATE',
  Status: 'STATUS',
  Ports: 'PORTS',
  Size: 'SIZE',
  Names: 'NAMES',
  Labels: 'LABELS',
  Label: 'LABEL',
  Mounts: 'MOUNTS',
  Networks: 'NETWORKS',
  Position: 'POSITION',
} as const

/** A container as docker's templates know it (docker/cli, formatter/container.go). */
export const containerRow = (container: Container, now: Date, isWhole: boolean) => {
  const { options, labels } = container
  const command = container.command.join(' ')
  const mounts = (options['binds'] ?? []) as ReadonlyArray<Readonly<{ source: string }>>
  return fields({
    ID: isWhole ? container.id : shortId(container.id),
    Image: familiar(container.image.name),
    Command: `"${isWhole ? command : cut(command, 20)}"`,
    CreatedAt: localTime(container.createdAt),
    RunningFor: ago(container.createdAt, now),
    State: container.status,
    Status: statusText(container, now),
    Ports: '',
    Size: '',
    Names: container.name,
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Label: (key: unknown) => labels[String(key)] ?? '',
    Mounts: mounts.map(({ source }) => source).join(','),
    Networks: (options['network'] as string | undefined) ?? '',
    Position: container.position,
  })
}
