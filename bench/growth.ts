// npm run bench:growth: ten times the containers, images and events — what do they cost, and what do lists and commands cost then?
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { projector } from '../src/adapters/events/projector.ts'
import { openSqliteLog } from '../src/adapters/events/sqlite-log.ts'
import { openDatabase } from '../src/adapters/metadata/database.ts'
import type { DomainEvent } from '../src/domain/events/catalogue.ts'
import { streamsOf } from '../src/domain/events/streams.ts'
import type { ContainerId, ImageName } from '../src/domain/kernel/identifiers.ts'
import type { StreamName } from '../src/domain/kernel/store.ts'
import { componentsOn } from '../src/engine.ts'
import { projections, queriesOn } from '../src/projections/queries.ts'
import { aCreation, aTarget, containerName, digestOf, namespace, nodeName } from '../test/support/examples.ts'
import { contextNamed } from '../test/support/trial-engine.ts'
import { freshExt4 } from './support/loop-mount.ts'

const SMALL = 400
const LIVE = 20

const idOf = (n: number) => n.toString(16).padStart(64, '0') as ContainerId

/** A container's whole life, as the log has it; or, of one that lives, the beginning. */
const lifeOf = (n: number, isOver: boolean): ReadonlyArray<DomainEvent> => {
  const container = idOf(n)
  const { type: _, ...request } = aCreation(container, { name: containerName(`c${n}`) })
  const beginning: ReadonlyArray<DomainEvent> = [
    { type: 'ContainerCreateRequested', ...request },
    { type: 'ContainerCreated', container, bundle: `/run/${n}`, configDigest: digestOf(n) },
    { type: 'ContainerStartRequested', container, run: 1 },
    { type: 'ContainerStarted', container, run: 1, pid: n },
  ]
  const exitedAt = new Date(1_700_000_000_000 + n).toISOString()
  return isOver
    ? [
        ...beginning,
        {
          type: 'ContainerExited',
          container,
          run: 1,
          exitCode: 0,
          signal: null,
          oomKilled: false,
          exitedAt,
          observed: 'live',
        },
        { type: 'ContainerRemoveRequested', container, force: false },
        { type: 'ContainerRemoved', container },
      ]
    : beginning
}

const median = (run: () => unknown, rounds = 31): number => {
  const times = Array.from({ length: rounds }, () => {
    const before = performance.now()
    run()
    return performance.now() - before
  }).toSorted((a, b) => a - b)
  return times[rounds >> 1] as number
}

const measure = async (count: number, directory: string) => {
  mkdirSync(directory)
  await using log = openSqliteLog({
    path: join(directory, 'log.db'),
    node: 'n1',
    bootId: 'b',
    clock: () => new Date(),
  })
  using database = openDatabase(join(directory, 'read-models.db'), log)
  const components = componentsOn(log)
  const models = projector({
    store: components.everything,
    models: database,
    projections,
    report: (who, _, error) => console.error(who, error),
  })
  const stop = new AbortController()
  const running = models.run(stop.signal)
  const streams = streamsOf(nodeName)
  const queries = queriesOn(database)

  const record = async (stream: StreamName, events: ReadonlyArray<DomainEvent>) => {
    const appended = await components.everything.append(stream, 0, events, contextNamed(stream))()
    if (E.isLeft(appended)) throw new Error(appended.left.reason)
  }

  const before = performance.now()
  for (let n = 0; n < count; n++) await record(streams.container(namespace, idOf(n)), lifeOf(n, true))
  for (let n = 0; n < LIVE; n++)
    await record(streams.container(namespace, idOf(count + n)), lifeOf(count + n, false))
  await models.waitFor(log.head(), 600_000)
  const containers = performance.now() - before

  const beforeImages = performance.now()
  for (let n = 0; n < count; n++) {
    const name = `docker.io/library/i${n}:1` as ImageName
    const source = { kind: 'pull', pull: `p${n}` } as const
    await record(streams.image(namespace, name), [
      { type: 'ImageNamed', namespace, name, target: aTarget(), source },
      { type: 'ImageRemoved', namespace, name, blobs: [], snapshots: [] },
    ])
  }
  await models.waitFor(log.head(), 600_000)
  const images = performance.now() - beforeImages

  const middle = Math.floor(count / 2) * 7
  const subject = streams.container(namespace, idOf(count))
  const commands: Array<number> = []
  for (let n = 0; n < 31; n++) {
    const start = performance.now()
    await components.runtime.handle(
      subject,
      { type: 'SignalContainer', container: idOf(count), signal: 10 },
      contextNamed(`signal-${n}`),
    )()
    commands.push(performance.now() - start)
  }
  const figures = {
    containers,
    images,
    list: median(() => queries.listContainers({ at: 'now', all: true, removed: false })),
    find: median(() => queries.containerByReference(`c${count}`, 'now')),
    'list as of then': median(() => queries.listContainers({ at: middle, all: true, removed: false })),
    command: commands.toSorted((a, b) => a - b)[15] as number,
  }
  stop.abort()
  await running
  return { figures, events: log.head() }
}

using disk = freshExt4('4G')
const small = await measure(SMALL, join(disk.path, 'small'))
const large = await measure(SMALL * 10, join(disk.path, 'large'))

const bar = (ratio: number) => '█'.repeat(Math.max(1, Math.round(ratio * 2)))
const names = Object.keys(small.figures) as ReadonlyArray<keyof typeof small.figures>
const lines = names.map(name => {
  const [a, b] = [small.figures[name], large.figures[name]]
  return `| ${name} | ${a.toFixed(2)} ms | ${b.toFixed(2)} ms | ${(b / a).toFixed(2)} | ${bar(b / a)} |`
})
const text = [
  `| | ${SMALL} of each (${small.events} events) | ${SMALL * 10} of each (${large.events} events) | ratio | |`,
  '|---|---:|---:|---:|---|',
  ...lines,
  '',
].join('\n')
mkdirSync('bench/out', { recursive: true })
writeFileSync('bench/out/growth.md', text)
console.log(text)
