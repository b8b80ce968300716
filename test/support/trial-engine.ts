import * as O from 'fp-ts/lib/Option.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { openMemoryLog } from '../../src/adapters/events/memory-log.ts'
import type { Stories, Story } from '../../src/adapters/events/process-runner.ts'
import type { Checkpoint, Checkpoints } from '../../src/adapters/events/reactor.ts'
import { streamsOf } from '../../src/domain/events/streams.ts'
import type { DomainEvent } from '../../src/domain/events/catalogue.ts'
import type { Context } from '../../src/domain/kernel/context.ts'
import type { ContainerId, Digest } from '../../src/domain/kernel/identifiers.ts'
import type { Stored } from '../../src/domain/kernel/store.ts'
import type { Ended } from '../../src/domain/supervisor/index.ts'
import { componentsOn, runEngine } from '../../src/engine.ts'
import type { Hands } from '../../src/engine.ts'
import { aResolved, digestOf, nodeName } from './examples.ts'

/** What a runner remembers, without a disk. */
export const memoryOf = () => {
  const kept = new Map<string, Checkpoint>()
  const told = new Map<string, { position: number; stories: Map<string, Story<unknown>> }>()
  const checkpoints: Checkpoints = {
    read: name => kept.get(name) ?? { position: 0, pending: [] },
    write: (name, checkpoint) => void kept.set(name, checkpoint),
  }
  const stories: Stories = {
    load: <State>(process: string) => {
      const { position, stories } = told.get(process) ?? { position: 0, stories: new Map() }
      return { position, stories: new Map(stories) as Map<string, Story<State>> }
    },
    save: (process, position, changed) => {
      const before = told.get(process)?.stories ?? new Map()
      for (const [id, story] of changed) story === null ? before.delete(id) : before.set(id, story)
      told.set(process, { position, stories: before })
    },
  }
  return { checkpoints, stories }
}

/** Hands that only pretend; a container ends when the test says so, or at SIGKILL. */
export const pretendingHands = () => {
  const ends = new Map<string, PromiseWithResolvers<Ended>>()
  const endOf = (container: ContainerId, run: number) => {
    const key = `${container}/${run}`
    const end = ends.get(key) ?? Promise.withResolvers<Ended>()
    ends.set(key, end)
    return end
  }
  const calls: Array<string> = []
  const done = <A>(call: string, a: A) =>
    TE.fromIO(() => {
      calls.push(call)
      return a
    })
  const exited = (exitCode: number, signal: number | null = null): Ended => ({
    kind: 'exited',
    exitCode,
    signal,
    oomKilled: false,
    exitedAt: '2026-11-24T10:00:00.000Z',
    observed: 'live',
  })
  const runs = new Map<ContainerId, number>()
  const end = (container: ContainerId, how: Ended) => endOf(container, runs.get(container) ?? 1).resolve(how)

  const hands: Hands = {
    registry: {
      resolve: ({ name }) => done(`resolve ${name}`, aResolved()),
      fetch: async function* () {},
    },
    fetchBlob: async function* () {},
    content: {
      stat: () => TE.right(O.none),
      ingest: ({ blob }) => done(`ingest ${blob.digest}`, { size: blob.size }),
      put: () => TE.right(undefined),
      bytes: () => TE.right(new Uint8Array()),
      read: async function* () {},
      path: (digest: Digest) => `/blobs/${digest}`,
      remove: digest => done(`remove ${digest}`, undefined),
    },
    snapshots: {
      unpack: ({ key }) => done(`unpack ${key}`, { size: 10, entries: 1 }),
      prepare: ({ key }) => done(`prepare ${key}`, [{ type: 'overlay', source: 'overlay', options: [] }]),
      remove: key => done(`remove ${key}`, undefined),
      usage: () => TE.right({ size: 0, inodes: 0 }),
    },
    bundles: {
      keepEnvironment: () => TE.right(undefined),
      prepare: ({ container }) =>
        done(`bundle ${container}`, { path: `/run/${container}`, configDigest: digestOf(99) }),
      activate: container => TE.right({ path: `/run/${container}` }),
      remove: container => done(`unbundle ${container}`, undefined),
      outputPath: container => `/log/${container}`,
    },
    monitor: {
      launch: ({ container, run }) => {
        runs.set(container, run)
        return done(`launch ${container} ${run}`, { pid: 4242 })
      },
      ended: ({ container, run }) => endOf(container, run).promise,
      forget: () => TE.right(undefined),
    },
    runtime: {
      signal: (container, signal) => done(`signal ${container} ${signal}`, undefined),
      kill: container =>
        TE.fromIO(() => {
          calls.push(`kill ${container}`)
          end(container, exited(137, 9))
        }),
      pause: container => done(`pause ${container}`, undefined),
      unpause: container => done(`unpause ${container}`, undefined),
    },
    processes: {
      keepEnvironment: () => undefined,
      start: ({ exec }) => done(`exec ${exec}`, { pid: 4343 }),
      ended: async () => ({
        kind: 'exited',
        exitCode: 0,
        signal: null,
        exitedAt: '2026-11-24T10:00:01.000Z',
      }),
    },
    onlyReferredToBy: async (_, __, target) => ({
      blobs: [target.config.digest],
      snapshots: [],
    }),
    unpackProgress: () => undefined,
  }
  return { hands, calls, end, exited }
}

export const root: Context = {
  correlationId: 'operation-1',
  causationId: null,
  commandId: 'operation-1',
  actor: { kind: 'unix', uid: 0, gid: 0, pid: 1, user: 'root' },
}

export const contextNamed = (name: string): Context => ({ ...root, correlationId: name, commandId: name })

/** A whole engine on a memory log, whose hands only pretend. */
export const trialEngine = () => {
  const log = openMemoryLog({ node: 'n1', bootId: 'boot-1', clock: () => new Date() })
  const streams = streamsOf(nodeName)
  const world = pretendingHands()
  const memory = memoryOf()
  const reports: Array<unknown> = []

  /** Runs it until `stop`; may be called again, as after a crash: the log, the world and the memory are still there. */
  const start = (hands: Partial<Hands> = {}) => {
    const components = componentsOn(log)
    const stopping = new AbortController()
    const running = runEngine(
      components,
      streams,
      { ...world.hands, ...hands },
      memory,
      (who, attempt, error) => void reports.push({ who, attempt, error }),
      stopping.signal,
    )
    const stop = async () => {
      stopping.abort()
      await running
    }
    return { components, stop, [Symbol.asyncDispose]: stop }
  }

  const types = () => log.all().map(({ event }) => event.type)

  /** The first event of that type, when it is there. */
  const until = async (type: DomainEvent['type'], after = 0): Promise<Stored> => {
    const patience = AbortSignal.timeout(5_000)
    for await (const told of log.follow({ categories: null }, after, patience))
      if (told.kind === 'events') for (const { event } of told.events) if (event.type === type) return event
    throw new Error(`${type} never came; there was: ${types().join(', ')}; ${JSON.stringify(reports)}`)
  }

  return { log, streams, start, types, until, reports, ...world }
}
