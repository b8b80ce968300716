import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { pino } from 'pino'
import { Subject, debounceTime } from 'rxjs'
import { projector } from './adapters/events/projector.ts'
import type { Report } from './adapters/events/reactor.ts'
import { openSqliteLog } from './adapters/events/sqlite-log.ts'
import type { Origin } from './adapters/events/envelope.ts'
import { groupId, userName } from './adapters/host/accounts.ts'
import { giveBackMemory } from './adapters/host/memory.ts'
import { roomAt } from './adapters/host/room.ts'
import { takeDirectories } from './adapters/host/own-directories.ts'
import { notifySystemd } from './adapters/host/systemd.ts'
import { peerCredentials } from './adapters/host/unix-socket.ts'
import { openDatabase } from './adapters/metadata/database.ts'
import type { Credential as RegistryCredential } from './adapters/distribution/registry-auth.ts'
import type { Credential, Engine } from './api/engine.ts'
import { buildServer, listenOn } from './api/server.ts'
import { helpText, readConfig } from './config.ts'
import type { Config } from './config.ts'
import type { DomainEvent } from './domain/events/catalogue.ts'
import { allCategories, streamsOf as streamNames } from './domain/events/streams.ts'
import type { Context } from './domain/kernel/context.ts'
import type { Recorded } from './domain/kernel/store.ts'
import { componentsOn, runEngine } from './engine.ts'
import { openHands } from './hands.ts'
import { settingsOf, statusOf } from './status.ts'
import { replaying } from './replay.ts'
import { streamsOf } from './streams.ts'
import { tidyUp } from './tidy.ts'
import { version } from './version.ts'
import { projections, queriesOn } from './projections/queries.ts'

/** The daemon on its own behalf. */
const ownContext = (policy: string): Context => {
  const id = randomUUID()
  return { correlationId: id, causationId: null, commandId: id, actor: { kind: 'system', policy } }
}

/** Longer than idle threads are kept for the next layer. */
const QUIET_MS = 7_000

/** With less on a disk, nothing new is begun: what is left is for what has to end. */
const ROOM_FOR_MORE = {
  root: { bytes: 16 * 2 ** 20, files: 64 },
  state: { bytes: 2 ** 20, files: 64 },
} as const

/** Read models that are made again may take long; nobody is kept waiting for that. */
const CATCH_UP_MS = 10_000

const openLog = async ({ values: { log, root } }: Config, origin: Origin) => {
  if (log === 'sqlite') return openSqliteLog({ path: join(root, 'log.db'), ...origin })
  // Loaded only where it is used: it brings all of gRPC.
  const { openEventStoreDB } = await import('./adapters/events/eventstoredb.ts')
  return openEventStoreDB({ url: log, categories: allCategories, ...origin })
}

const forRegistry = (credential: Credential): RegistryCredential =>
  'identitytoken' in credential
    ? { kind: 'identity-token', token: credential.identitytoken }
    : { kind: 'password', ...credential }

const run = async (config: Config, stop: AbortController) => {
  const { root, state, node, socket, group } = config.values
  const logger = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2))
  const report: Report = (who, attempt, error) =>
    logger.warn({ who, attempt, err: error }, attempt === 0 ? 'failed' : 'will try again')

  // What must be closed again, last opened first.
  using own = takeDirectories(root, state)
  const { bootId, rootId } = own
  await using log = await openLog(config, { node, bootId, clock: () => new Date() })
  using database = openDatabase(join(root, 'read-models.db'), log)
  if (database.begunAgain !== null) logger.warn(`the read models are made again: ${database.begunAgain}`)

  // The components, alive; the node's name is ours or nobody starts.
  const components = componentsOn(log)
  const streams = streamNames(node)
  const started = await components.node.handle(
    streams.node(),
    { type: 'StartEngine', root: rootId, version, bootId, pid: process.pid },
    ownContext('start'),
  )()
  if (E.isLeft(started)) throw new Error(startFailure(started.left, node))

  // What is remembered.
  const queries = queriesOn(database)
  const models = projector({ store: components.everything, models: database, projections, report })
  const signal = stop.signal

  // What touches the world.
  await using opened = openHands(config, bootId, async (namespace, name, target) =>
    // A graph that stopped knows nothing of what came since: nothing may be removed by it.
    (await models.waitFor(log.head(), 5_000)) && !models.stopped().has('references')
      ? queries.onlyReferredToBy(namespace, name, target)
      : 'behind',
  )

  // What goes on by itself, until the signal fires or something breaks.
  const told = new Subject<Recorded<DomainEvent>>()
  const hear = async () => {
    for await (const news of components.everything.follow({ categories: null }, log.head(), signal))
      if (news.kind === 'events') for (const recorded of news.events) told.next(recorded)
  }
  const forEver = (work: Promise<unknown>) => {
    work.catch((error: unknown) => {
      logger.fatal({ err: error }, 'something that should go on for ever has stopped')
      process.exitCode = 1
      stop.abort()
    })
    return work
  }
  const remembering = forEver(Promise.all([hear(), models.run(signal)]))

  // What a crash left that nothing was recorded of: gone before anybody goes on with what was recorded.
  if ((await models.waitFor(log.head(), CATCH_UP_MS)) && models.stopped().size === 0)
    await tidyUp({ root, bundles: opened.bundles, queries }).catch((error: unknown) =>
      logger.warn({ err: error }, 'what a crash may have left is still there'),
    )

  const acting = forEver(runEngine(components, streams, opened.hands, database, report, signal))

  // When nothing has happened for a while, what the last bustle needed is given back.
  const quiet = told.pipe(debounceTime(QUIET_MS)).subscribe(giveBackMemory)
  signal.addEventListener('abort', () => quiet.unsubscribe(), { once: true })

  // Who may ask.
  const about = {
    version,
    node: process.version,
    nodeName: node,
    bootId,
    log: config.values.log === 'sqlite' ? 'sqlite' : 'eventstoredb',
    pid: process.pid,
  }
  const engine: Engine = {
    pull: components.distribution.handle,
    image: components.image.handle,
    container: components.runtime.handle,
    exec: components.executor.handle,
    streams,
    log: components.everything,
    told,
    queries,
    asOf: models.position,
    waitFor: models.waitFor,
    recordEnv: config.values['record-env'],
    keepEnvironment: (container, entries) => opened.bundles.keepEnvironment(container, entries)(),
    keepExecEnvironment: opened.hands.processes.keepEnvironment,
    keepCredential: (operation, registry, credential) =>
      opened.keepCredential(operation, registry, forRegistry(credential)),
    ...streamsOf(opened),
    ...replaying({ config, bootId, database, models }),
    outOfRoom: () => outOfRoom({ root, state }),
    positionOf: models.positionOf,
    stopped: models.stopped,
    progress: opened.progress,
    peerOf: peer => peerOf(peer as Socket),
    randomId: randomUUID,
    clock: () => new Date(),
    about,
    info: () => statusOf({ config, log, models, queries, programs: opened.programs }),
    settings: settingsOf(config),
  }
  const server = buildServer(engine, error => logger.error({ err: error }, 'a fault of ours'))
  await listenOn(server, socket, groupId(group))
  await notifySystemd('ready')
  logger.info({ socket, root, node, position: log.head() }, `shiplogd ${version} is ready`)

  await new Promise<void>(resolve => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })

  // Containers go on; who comes next finds them.
  await notifySystemd('stopping')
  await server.close()
  await components.node.handle(streams.node(), { type: 'StopEngine' }, ownContext('stop'))()
  await Promise.all([remembering, acting])
}

const outOfRoom = (directories: Readonly<Record<keyof typeof ROOM_FOR_MORE, string>>): string | null => {
  for (const name of ['root', 'state'] as const) {
    const { bytes, files } = roomAt(directories[name])
    if (bytes < ROOM_FOR_MORE[name].bytes || files < ROOM_FOR_MORE[name].files) return directories[name]
  }
  return null
}

const startFailure = (refusal: Readonly<{ reason: string; cause?: string }>, node: string): string =>
  refusal.reason === 'node-name-taken'
    ? `the node name ${node} belongs to another daemon's root in this log (try: another --node)`
    : `${refusal.reason}: ${refusal.cause ?? 'the log does not say why'}`

const peerOf = (socket: Socket) => {
  try {
    const { uid, gid, pid } = peerCredentials(socket)
    return { uid, gid, pid, user: userName(uid) }
  } catch {
    // The client has hung up already.
    return null
  }
}

const config = readConfig(process.argv.slice(2), process.env)
if (E.isLeft(config)) {
  console.error(config.left.errors.map(error => `shiplogd: ${error}`).join('\n'))
  process.exitCode = config.left.exitCode
} else if (config.right === 'help') console.log(helpText())
else {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())
  try {
    await run(config.right, stop)
  } catch (error) {
    console.error(`shiplogd: ${(error as Error).message}`)
    process.exitCode = 1
  }
  process.exit()
}
