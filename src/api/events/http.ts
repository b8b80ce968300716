import * as E from 'fp-ts/lib/Either.js'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import type * as t from 'io-ts'
import type { Position, StreamName } from '../../domain/kernel/store.ts'
import { AtQuery, asked, caughtUp } from '../at.ts'
import type { Engine, ProgressReport } from '../engine.ts'
import { operationById } from '../operation-log.ts'
import { sendProblem } from '../problem.ts'
import type { ApiError } from '../problem.ts'
import { EventsQuery, eventQuery } from './filter.ts'
import type { EventQuery } from './filter.ts'
import { eventJson } from './json.ts'
import { pageOf } from './pages.ts'
import { sendMessages, wantsMessages } from './server-sent.ts'
import type { Message } from './server-sent.ts'

/** `Last-Event-ID`: the position that a client has seen last; null where it says none. */
const lastEventId = (engine: Engine, request: FastifyRequest): E.Either<ApiError, Position | null> => {
  const id = request.headers['last-event-id']
  if (id === undefined) return E.right(null)
  if (typeof id !== 'string' || !/^\d{1,15}$/.test(id))
    return E.left({ reason: 'invalid-request', errors: ['Last-Event-ID: expected a position'] })
  const head = engine.log.head()
  return Number(id) <= head
    ? E.right(Number(id))
    : E.left({ reason: 'moment-not-found', moment: id, cause: `the history ends at @${head}` })
}

async function* messagesOf({ log }: Engine, query: EventQuery, signal: AbortSignal): AsyncGenerator<Message> {
  for await (const told of log.follow({ categories: query.categories }, query.after, signal)) {
    if (told.kind === 'caught-up') yield { event: 'caught-up', data: { position: told.position } }
    else
      for (const recorded of told.events) {
        if (recorded.position >= query.before) return
        if (query.wanted(recorded))
          yield { id: recorded.position, event: recorded.event.type, data: eventJson(recorded) }
      }
  }
}

export const eventRoutes: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  app.get('/events', { config: { query: EventsQuery } }, async (request, reply) => {
    const query = await eventQuery(engine, request.query as t.TypeOf<typeof EventsQuery>)
    if (E.isLeft(query)) return sendProblem(reply, query.left)
    if (wantsMessages(request)) {
      const last = lastEventId(engine, request)
      if (E.isLeft(last)) return sendProblem(reply, last.left)
      const after = last.right ?? query.right.after
      return sendMessages(request, reply, signal => messagesOf(engine, { ...query.right, after }, signal))
    }
    const page = await pageOf(engine, query.right)
    if (E.isLeft(page)) return sendProblem(reply, page.left)
    const { items, next } = page.right
    return { position: engine.log.head(), items: items.map(eventJson), next }
  })

  app.get<{ Params: { event: string } }>('/events/:event', async (request, reply) => {
    await caughtUp(engine)
    const { event } = request.params
    const position = /^@(\d{1,16})$/.exec(event)
    const found = position === null ? engine.queries.eventById(event) : null
    if (found?.kind === 'ambiguous')
      return sendProblem(reply, { reason: 'event-ambiguous', event, candidates: found.candidates })
    const at = position === null ? (found?.kind === 'found' ? found.found.position : 0) : Number(position[1])
    const page = await engine.log.read({ from: at - 1, direction: 'forwards', limit: 1, categories: null })()
    if (E.isLeft(page)) return sendProblem(reply, page.left)
    const [recorded] = page.right
    return at > 0 && recorded?.position === at
      ? eventJson(recorded)
      : sendProblem(reply, { reason: 'event-not-found', event })
  })

  app.get<{ Params: { '*': string } }>(
    '/streams/*',
    { config: { query: AtQuery } },
    async (request, reply) => {
      const stream = request.params['*'] as StreamName
      const as = await asked(engine, request.query)
      if (E.isLeft(as)) return sendProblem(reply, as.left)
      const history = await engine.log.load(stream, 0)()
      if (E.isLeft(history)) return sendProblem(reply, history.left)
      const items = history.right.events.filter(({ position }) => position <= as.right.position)
      return items.length === 0
        ? sendProblem(reply, { reason: 'stream-not-found', stream })
        : { position: as.right.position, items: items.map(eventJson) }
    },
  )

  app.get<{ Params: { operation: string } }>(
    '/operations/:operation',
    { config: { query: AtQuery } },
    async (request, reply) => {
      const as = await asked(engine, request.query)
      if (E.isLeft(as)) return sendProblem(reply, as.left)
      const found = await operationById(engine, request.params.operation, as.right.position)
      return E.isLeft(found) ? sendProblem(reply, found.left) : found.right
    },
  )

  app.get('/progress', (request, reply) => sendMessages(request, reply, signal => reportsOf(engine, signal)))
}

/** Live only: for who is behind, only the newest of each blob is kept. */
async function* reportsOf({ progress }: Engine, signal: AbortSignal): AsyncGenerator<Message> {
  const waiting = new Map<string, ProgressReport>()
  let wake: () => void = () => undefined
  const subscription = progress.subscribe(report => {
    waiting.set(`${report.phase} ${report.digest}`, report)
    wake()
  })
  signal.addEventListener('abort', () => wake(), { once: true })
  try {
    while (!signal.aborted) {
      for (const [key, data] of [...waiting]) {
        waiting.delete(key)
        yield { data }
      }
      if (waiting.size === 0 && !signal.aborted)
        await new Promise<void>(resolve => {
          wake = resolve
        })
    }
  } finally {
    subscription.unsubscribe()
  }
}
