import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { openFilesystemStore } from '../../src/adapters/content/filesystem-store.ts'
import { PATIENCE } from '../../src/adapters/distribution/patience.ts'
import { openRegistryClient } from '../../src/adapters/distribution/registry-client.ts'
import type { RegistryOptions } from '../../src/adapters/distribution/registry-client.ts'
import { parseReference } from '../../src/domain/distribution/reference.ts'
import type { DomainEvent, DomainEventOf } from '../../src/domain/events/catalogue.ts'
import type { Failure } from '../../src/domain/kernel/failure.ts'
import type { Hands } from '../../src/engine.ts'
import { namespace, pullId } from './examples.ts'
import { scratch } from './scratch.ts'
import { contextNamed, trialEngine } from './trial-engine.ts'

/** What a pull came to, as the log has it. */
export type Pulled = Readonly<{ failure: Failure | null; events: ReadonlyArray<DomainEvent> }>

const eventsOf = <Type extends DomainEvent['type']>(events: ReadonlyArray<DomainEvent>, type: Type) =>
  events.filter((event): event is DomainEventOf<Type> => event.type === type)

/**
 * A whole engine that pulls for real: registries over HTTP, blobs in files; what comes after a pull only pretends,
 * unless other hands are given. It waits for no registry longer than it must.
 */
export const pullingEngine = (
  options: Partial<RegistryOptions> = {},
  otherHands: (directory: string) => Partial<Hands> = () => ({}),
) => {
  const own = scratch('pulling')
  const trial = trialEngine()
  const hands = otherHands(own.path)
  let pulls = 0

  const open = () => {
    const registry = openRegistryClient({
      credentials: () => Promise.resolve(null),
      patience: { ...PATIENCE, random: () => 0.5, pause: () => Promise.resolve() },
      ...options,
    })
    const engine = trial.start({
      registry,
      fetchBlob: ({ source, ...request }) => registry.fetch({ ...source, ...request }),
      content: openFilesystemStore(own.path),
      ...hands,
    })
    return { engine, registry }
  }
  let { engine, registry } = open()

  /** Asks for an image, and does not wait. */
  const ask = async (reference: string) => {
    const parsed = parseReference(reference)
    assert(E.isRight(parsed), reference)
    const pull = pullId(++pulls)
    const command = {
      type: 'PullImage',
      pull,
      namespace,
      reference,
      name: parsed.right.name,
      platform: { os: 'linux', architecture: 'amd64', variant: '' },
    } as const
    const asked = trial.log.head()
    const stream = trial.streams.pull(namespace, pull)
    const given = await engine.components.distribution.handle(stream, command, contextNamed(pull))()
    assert(E.isRight(given))
    return { pull, asked }
  }

  /** Waits for the end of a pull. */
  const ended = async ({ pull, asked }: Awaited<ReturnType<typeof ask>>): Promise<Pulled> => {
    const patience = AbortSignal.timeout(20_000)
    const follow = trial.log.follow({ categories: null }, asked, patience)
    for await (const told of follow)
      if (told.kind === 'events')
        for (const { event } of told.events as ReadonlyArray<{ event: DomainEvent }>) {
          if ((event.type !== 'ImagePulled' && event.type !== 'ImagePullFailed') || event.pull !== pull)
            continue
          const events = trial.log.all().slice(asked) as ReadonlyArray<{ event: DomainEvent }>
          return {
            failure: event.type === 'ImagePulled' ? null : event.failure,
            events: events.map(({ event }) => event),
          }
        }
    throw new Error(`${pull} never ended: ${JSON.stringify(trial.reports)}`)
  }

  const stop = async () => {
    await engine.stop()
    await registry.close()
  }

  return {
    directory: own.path,
    trial,
    ask,
    ended,
    pull: async (reference: string) => ended(await ask(reference)),
    stop,
    /** Another life, on the same log and the same files. */
    start: () => {
      const opened = open()
      engine = opened.engine
      registry = opened.registry
    },
    /** Digests of the blobs that can be seen, and of those that are not whole. */
    visible: () => readdirSync(join(own.path, 'blobs/sha256')).map(hex => `sha256:${hex}`),
    unfinished: () => readdirSync(join(own.path, 'ingest')).map(hex => `sha256:${hex}`),
    /** Everything the log has, as text. */
    logText: () => JSON.stringify(trial.log.all()),
    eventsOf,
    async [Symbol.asyncDispose]() {
      await stop()
      await own[Symbol.asyncDispose]()
    },
  }
}

export type PullingEngine = ReturnType<typeof pullingEngine>

/** How far memory rises above where it was, at most, while something is done: heap and buffers, in bytes. */
export const memoryRisenBy = async (doing: () => Promise<unknown>): Promise<number> => {
  const held = () => {
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const before = held()
  let highest = before
  const timer = setInterval(() => {
    highest = Math.max(highest, held())
  }, 5)
  try {
    await doing()
  } finally {
    clearInterval(timer)
  }
  return Math.max(highest, held()) - before
}
