import { release } from 'node:os'
import { isUnified } from './adapters/executor/cgroup.ts'
import type { Projector } from './adapters/events/projector.ts'
import type { Setting } from './api/engine.ts'
import { withoutPassword } from './config.ts'
import type { Config, SettingName } from './config.ts'
import type { Position } from './domain/kernel/store.ts'
import type { Queries } from './projections/queries.ts'

type Parts = Readonly<{
  config: Config
  log: Readonly<{ head: () => Position }>
  models: Projector
  queries: Queries
  programs: Readonly<{ conmon: string; runtime: string }>
}>

const shown = (name: SettingName, value: unknown) => (name === 'log' ? withoutPassword(String(value)) : value)

/** Every setting in force, and where it was set. */
export const settingsOf = ({ values, sources }: Config): ReadonlyArray<Setting> =>
  (Object.keys(values) as ReadonlyArray<SettingName>).map(name => ({
    name,
    value: shown(name, values[name]),
    source: sources[name],
  }))

/** How the daemon is, for `info`. Sizes in bytes. */
export const statusOf = ({ config, log, models, queries, programs }: Parts) => {
  const { root, state, node, socket } = config.values
  const containers = queries.listContainers({ at: 'now', all: true, removed: false })
  const count = (status: string) => containers.filter(container => container.status === status).length
  return {
    node,
    root,
    state,
    socket,
    log: withoutPassword(config.values.log),
    position: log.head(),
    readModels: {
      position: models.position(),
      lag: log.head() - models.position(),
      stopped: Object.fromEntries([...models.stopped()].map(([name, error]) => [name, error.message])),
    },
    containers: {
      total: containers.length,
      running: count('running'),
      paused: count('paused'),
      exited: count('exited'),
    },
    images: queries.listImages('now').length,
    blobs: queries.listBlobs('now').length,
    snapshots: queries.listSnapshots('now').length,
    memory: process.memoryUsage.rss(),
    kernel: release(),
    cgroup: isUnified() ? 'v2' : 'v1',
    runtime: programs.runtime,
    monitor: programs.conmon,
  }
}
