import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { readSize } from '../console-size.ts'
import type { ContainerView } from '../../projections/runtime/containers.ts'
import { AtQuery, asked, caughtUp } from '../at.ts'
import type { Engine } from '../engine.ts'
import { eventsOf, sendHistory } from '../events/history.ts'
import { inOrder } from '../operation-json.ts'
import { rootfsOf } from '../../domain/processes/index.ts'
import type { DomainEvent } from '../../domain/events/catalogue.ts'
import type { Recorded } from '../../domain/kernel/store.ts'
import { explain } from '../events/why.ts'
import { goneSignal, passOn, sendOutput } from '../frames.ts'
import { sendProblem } from '../problem.ts'
import { Flag, query } from '../query.ts'
import type { ApiError } from '../problem.ts'
import { containerJson } from './container-json.ts'
import { waitForEnd } from './end.ts'
import { findContainer, findLiving } from './find.ts'
import { OutputQuery, outputQuery } from './output-query.ts'

type Params = { Params: { container: string } }

export const ListQuery = query({ ...AtQuery.props, all: Flag, removed: Flag })

/** `all`: every run, not only the last. */
export const WhyQuery = query({ ...AtQuery.props, all: Flag })

const flag = (request: FastifyRequest, name: string) =>
  pipe(
    Flag.decode((request.query as Record<string, unknown>)[name]),
    E.getOrElse(() => false),
  )

/** Everything that tells of a container; of the names that it had only what is about this holder. */
const historyOf = async (
  engine: Engine,
  { id, namespace }: ContainerView,
): Promise<E.Either<ApiError, ReadonlyArray<Recorded<DomainEvent>>>> => {
  const { streams, queries } = engine
  const own = await eventsOf(engine, [
    streams.container(namespace, id),
    streams.bundle(namespace, id),
    streams.snapshot(rootfsOf(id)),
    ...queries.execsOf(id, 'now').map(exec => streams.exec(namespace, exec.id)),
  ])
  if (E.isLeft(own)) return own
  const names = own.right.flatMap(({ event }) =>
    event.type === 'ContainerCreateRequested' || event.type === 'ContainerRenameRequested'
      ? [event.name]
      : [],
  )
  const named = await eventsOf(
    engine,
    names.map(name => streams.name(namespace, name)),
  )
  if (E.isLeft(named)) return named
  const isOurs = ({ event }: Recorded<DomainEvent>) => 'container' in event && event.container === id
  return E.right(inOrder(own.right, named.right.filter(isOurs)))
}

export const containerRoutes: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  app.get('/containers', { config: { query: ListQuery } }, async (request, reply) => {
    const as = await asked(engine, request.query)
    if (E.isLeft(as)) return sendProblem(reply, as.left)
    const { at, position } = as.right
    const list = engine.queries.listContainers({
      at,
      all: flag(request, 'all'),
      removed: flag(request, 'removed'),
    })
    return { position, items: list.map(containerJson) }
  })

  app.get<Params>('/containers/:container', { config: { query: AtQuery } }, async (request, reply) => {
    const as = await asked(engine, request.query)
    if (E.isLeft(as)) return sendProblem(reply, as.left)
    const found = findContainer(engine, request.params.container, as.right.at)
    return E.isLeft(found) ? sendProblem(reply, found.left) : containerJson(found.right)
  })

  app.get<Params>(
    '/containers/:container/history',
    { config: { query: AtQuery } },
    async (request, reply) => {
      await caughtUp(engine)
      const found = findContainer(engine, request.params.container, 'now')
      if (E.isLeft(found)) return sendProblem(reply, found.left)
      const missing: ApiError = { reason: 'container-not-found', container: request.params.container }
      return sendHistory(engine, request, reply, await historyOf(engine, found.right), missing)
    },
  )

  app.get<Params>('/containers/:container/why', { config: { query: WhyQuery } }, async (request, reply) => {
    const as = await asked(engine, request.query)
    if (E.isLeft(as)) return sendProblem(reply, as.left)
    const found = findContainer(engine, request.params.container, 'now')
    if (E.isLeft(found)) return sendProblem(reply, found.left)
    const events = await eventsOf(engine, [engine.streams.container(found.right.namespace, found.right.id)])
    if (E.isLeft(events)) return sendProblem(reply, events.left)
    const { position } = as.right
    const past = events.right.filter(event => event.position <= position)
    return { position, ...explain(past, flag(request, 'all')) }
  })

  app.get<Params>('/containers/:container/wait', async (request, reply) => {
    await caughtUp(engine)
    const found = findContainer(engine, request.params.container, 'now')
    if (E.isLeft(found)) return sendProblem(reply, found.left)
    return waitForEnd(engine, found.right.id, goneSignal(request, reply))
  })

  app.get<Params>(
    '/containers/:container/output',
    { config: { query: OutputQuery } },
    async (request, reply) => {
      await caughtUp(engine)
      const found = findContainer(engine, request.params.container, 'now')
      if (E.isLeft(found)) return sendProblem(reply, found.left)
      const query = await outputQuery(engine, request)
      if (E.isLeft(query)) return sendProblem(reply, query.left)
      const { options } = found.right
      const { stdout, stderr, timestamps, ...rest } = query.right
      const signal = goneSignal(request, reply)
      const over = rest.follow ? waitForEnd(engine, found.right.id, signal) : Promise.resolve()
      const output = engine.output(found.right, { ...rest, over, signal })
      if (output === null)
        return sendProblem(reply, { reason: 'output-not-kept', container: request.params.container })
      return sendOutput(reply, output, {
        isRaw: options.terminal,
        timestamps,
        wanted: ({ stream }) => (stream === 'stdout' ? stdout : stderr),
      })
    },
  )

  app.post<Params>('/containers/:container/input', async (request, reply) => {
    const found = await findLiving(engine, request.params.container)
    if (E.isLeft(found)) return sendProblem(reply, found.left)
    const input = engine.input(found.right)
    if (E.isLeft(input)) {
      const { cause, problem } = input.left
      return sendProblem(
        reply,
        problem === 'not-running'
          ? { reason: 'container-not-running', container: request.params.container }
          : { reason: 'input-closed', container: request.params.container, cause },
      )
    }
    await passOn(request, input.right)
    return reply.code(204).send()
  })

  app.post<Params>('/containers/:container/resize', async (request, reply) => {
    const size = readSize(request.body)
    if (E.isLeft(size)) return sendProblem(reply, size.left)
    const found = await findLiving(engine, request.params.container)
    if (E.isLeft(found)) return sendProblem(reply, found.left)
    engine.resize(found.right.id, size.right)
    return reply.code(204).send()
  })
}
