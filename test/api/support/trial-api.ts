import * as E from 'fp-ts/lib/Either.js'
import { Subject } from 'rxjs'
import { projector } from '../../../src/adapters/events/projector.ts'
import { openDatabase } from '../../../src/adapters/metadata/database.ts'
import type { Engine, Input, Output, ProgressReport } from '../../../src/api/engine.ts'
import { buildServer } from '../../../src/api/server.ts'
import type { DomainEvent } from '../../../src/domain/events/catalogue.ts'
import type { Context } from '../../../src/domain/kernel/context.ts'
import type { Recorded } from '../../../src/domain/kernel/store.ts'
import type { Hands } from '../../../src/engine.ts'
import { projections, queriesOn } from '../../../src/projections/queries.ts'
import { trialEngine } from '../../support/trial-engine.ts'

export type Reply = Readonly<{
  status: number
  headers: Readonly<Record<string, unknown>>
  body: Record<string, unknown>
  text: string
}>

type Asking = Readonly<{ body?: unknown; headers?: Readonly<Record<string, string>> }>

const jsonOf = (text: string): Record<string, unknown> => {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return {}
  }
}

/**
 * The API on a whole engine whose hands only pretend: memory log, the real rules, stories and read models. Output is
 * what a test puts into `written`, by container or exec; what is sent as input comes to `read`.
 */
export const trialApi = (hands: Partial<Hands> = {}) => {
  const trial = trialEngine()
  const running = trial.start(hands)
  const { components } = running
  const database = openDatabase(':memory:', trial.log)
  const reports: Array<unknown> = []
  const store = components.everything
  const models = projector({
    store,
    models: database,
    projections,
    report: (...said) => void reports.push(said),
  })
  const stopping = new AbortController()
  const told = new Subject<Recorded<DomainEvent>>()
  const hearing = (async () => {
    for await (const news of store.follow({ categories: null }, 0, stopping.signal))
      if (news.kind === 'events') for (const recorded of news.events) told.next(recorded)
  })()
  const modelling = models.run(stopping.signal)

  const written = new Map<string, ReadonlyArray<Output>>()
  const outputs = new Map<string, (signal: AbortSignal) => AsyncIterable<Output>>()
  const read: Array<Readonly<{ owner: string; bytes: Uint8Array | 'end' | 'left' }>> = []
  const kept: Array<unknown> = []
  const progress = new Subject<ProgressReport>()
  let clock = () => new Date()
  let ids = 0
  let full: string | null = null

  async function* outputOf(owner: string): AsyncGenerator<Output> {
    yield* written.get(owner) ?? []
  }
  const inputOf = (owner: string): Input => ({
    write: async bytes => {
      read.push({ owner, bytes })
      return true
    },
    end: () => void read.push({ owner, bytes: 'end' }),
    leave: () => void read.push({ owner, bytes: 'left' }),
  })
  const keep = (what: unknown) => void kept.push(what)

  const engine: Engine = {
    pull: components.distribution.handle,
    image: components.image.handle,
    container: components.runtime.handle,
    exec: components.executor.handle,
    streams: trial.streams,
    log: store,
    told,
    queries: queriesOn(database),
    asOf: models.position,
    waitFor: models.waitFor,
    keepEnvironment: async (container, entries) => {
      keep({ container, entries })
      return E.right(undefined)
    },
    recordEnv: 'names',
    keepExecEnvironment: (exec, entries) => keep({ exec, entries }),
    keepCredential: (operation, registry, credential) => keep({ operation, registry, credential }),
    output: ({ id }, { signal }) => outputs.get(id)?.(signal) ?? (written.has(id) ? outputOf(id) : null),
    input: ({ id, status, options }) => {
      if (status !== 'running')
        return E.left({ reason: 'refused', problem: 'not-running', cause: 'it does not run' })
      return options.stdin
        ? E.right(inputOf(id))
        : E.left({ reason: 'refused', problem: 'input-closed', cause: 'it was started without' })
    },
    resize: (container, size) => keep({ container, size }),
    execOutput: ({ id }) => (written.has(id) ? outputOf(id) : null),
    execInput: ({ id }) => E.right(inputOf(id)),
    resizeExec: ({ id }, size) => keep({ exec: id, size }),
    replay: async (name, to) => [
      {
        name: name ?? 'containers',
        version: 1,
        position: to ?? models.position(),
        tables: [],
        withoutPast: [],
      },
    ],
    outOfRoom: () => full,
    rebuild: async () => models.position(),
    positionOf: models.positionOf,
    stopped: models.stopped,
    progress,
    peerOf: () => ({ uid: 1000, gid: 1000, pid: 4711, user: 'ana' }),
    randomId: () => {
      ids += 1
      return `00000000-0000-4000-8000-${ids.toString(16).padStart(12, '0')}`
    },
    clock: () => clock(),
    about: { version: '0.0.0', node: 'v26', nodeName: 'n1', bootId: 'boot-1', log: 'memory', pid: 1 },
    info: () => ({ containers: 0 }),
    settings: [{ name: 'root', value: '/var/lib/shiplog', source: 'default' }],
  }
  const app = buildServer(engine, error => void reports.push(error))

  const ask = async (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    { body, headers = {} }: Asking = {},
  ) => {
    const isJson = body !== undefined && typeof body !== 'string' && !Buffer.isBuffer(body)
    const {
      statusCode,
      headers: answered,
      payload,
    } = await app.inject({
      method,
      url,
      headers: { ...(isJson ? { 'content-type': 'application/json' } : {}), ...headers },
      ...(body === undefined ? {} : { payload: isJson ? JSON.stringify(body) : (body as string) }),
    })
    return { status: statusCode, headers: answered, body: jsonOf(payload), text: payload } as Reply
  }

  /** A command, and the wait for its end. */
  const command = (name: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
    ask('POST', `/v1/commands/${name}`, { body, headers: { prefer: 'wait=5', ...headers } })

  const get = (url: string, headers: Readonly<Record<string, string>> = {}) => ask('GET', url, { headers })

  /** An image to make containers from. */
  const withImage = async () => {
    const pulled = await command('pull-image', { reference: 'alpine:3.20' })
    if (pulled.status !== 200) throw new Error(pulled.text)
  }

  const stop = async () => {
    await app.close()
    stopping.abort()
    await Promise.all([hearing, modelling])
    await running.stop()
    database[Symbol.dispose]()
  }

  return {
    ...trial,
    app,
    ask,
    command,
    components,
    engine,
    get,
    kept,
    progress,
    read,
    reports,
    /** Output that is made as it is read. */
    setOutput: (owner: string, make: (signal: AbortSignal) => AsyncIterable<Output>) =>
      void outputs.set(owner, make),
    /** What the daemon takes the time to be. */
    setClock: (now: () => Date) => {
      clock = now
    },
    /** The directory whose disk the daemon takes to be full; null for none. */
    setFull: (directory: string | null) => {
      full = directory
    },
    withImage,
    written,
    [Symbol.asyncDispose]: stop,
  }
}

export type TrialApi = ReturnType<typeof trialApi>

export const by = (name: string): Context => ({
  correlationId: name,
  causationId: null,
  commandId: name,
  actor: { kind: 'unix', uid: 0, gid: 0, pid: 1, user: 'root' },
})
