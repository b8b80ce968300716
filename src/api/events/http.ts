import * as E from 'fp-ts/lib/Either.js'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { DomainEvent } from '../../domain/events/catalogue.ts'
import type { Position, Recorded, StreamName } from '../../domain/kernel/store.ts'
import { asked, caughtUp } from '../at.ts'
import type { Engine, ProgressReport } from '../engine.ts'
import { operationById } from '../operation-log.ts'
import { sendProblem } from '../problem.ts'
import type { ApiError } from '../problem.ts'
import { eventQuery } from './filter.ts'
import type { EventQuery } from './filter.ts'
import { eventJson } from './json.ts'
import { sendMessages, wantsMessages } from './server-sent.ts'
import type { Message } from './server-sent.ts'

/** How much of the log is looked at in one go for events that pass a filter. */
const PAGE = 1000

type Page = Readonly<{ items: ReadonlyArray<Recorded<DomainEvent>>; next: Position | null }>

/** The next events that pass, and where to go on; null: there are no more. */
const pageOf = async (
  { log }: Engine,
  { after, before, limit, order, categories, wanted }: EventQuery,
): Promise<E.Either<ApiError, Page>> => {
  const items: Array<Recorded<DomainEvent>> = []
  let from = order === 'forwards' ? after : before
  for (;;) {
    const page = await log.read({ from, direction: order, limit: PAGE, categories })()
    if (E.isLeft(page)) return page
    for (const recorded of page.right) {
      const { position } = recorded
      if (order === 'forwards' ? position >= before : position <= after) return E.right({ items, next: null })
      from = position
      if (!wanted(recorded)) continue
      items.push(recorded)
      if (items.length === limit) return E.right({ items, next: position })
    }
    if (page.right.length < PAGE) return E.right({ items, next: null })
  }
}

const lastEventId = (request: FastifyRequest): Position | null => {
  const id = request.headers['last-event-id']
  return typeof id === 'string' && /^\d{1,16}$/.test(id) ? Number(id) : null
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
  app.get('/events', async (request, reply) => {
    const query = await eventQuery(engine, request.query as Record<string, string>)
    if (E.isLeft(query)) return sendProblem(reply, query.left)
    if (wantsMessages(request)) {
      const after = lastEventId(request) ?? query.right.after
      return sendMessages(reply, signal => messagesOf(engine, { ...query.right, after }, signal))
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
    if (found?.kind === 'ambiguous') return sendProblem(reply, { reason: 'event-ambiguous', event })
    const at = position === null ? (found?.kind === 'found' ? found.found.position : 0) : Number(position[1])
    const page = await engine.log.read({ from: at - 1, direction: 'forwards', limit: 1, categories: null })()
    if (E.isLeft(page)) return sendProblem(reply, page.left)
    const [recorded] = page.right
    return at > 0 && recorded?.position === at
      ? eventJson(recorded)
      : sendProblem(reply, { reason: 'event-not-found', event })
  })

  app.get<{ Params: { '*': string } }>('/streams/*', async (request, reply) => {
    const stream = request.params['*'] as StreamName
    const as = await asked(engine, request.query)
    if (E.isLeft(as)) return sendProblem(reply, as.left)
    const history = await engine.log.load(stream, 0)()
    if (E.isLeft(history)) return sendProblem(reply, history.left)
    const items = history.right.events.filter(({ position }) => position <= as.right.position)
    return items.length === 0
      ? sendProblem(reply, { reason: 'stream-not-found', stream })
      : { position: as.right.position, items: items.map(eventJson) }
  })

  app.get<{ Params: { operation: string } }>('/operations/:operation', async (request, reply) => {
    const as = await asked(engine, request.query)
    if (E.isLeft(as)) return sendProblem(reply, as.left)
    const found = await operationById(engine, request.params.operation, as.right.position)
    return E.isLeft(found) ? sendProblem(reply, found.left) : found.right
  })

  app.get('/progress', (_, reply) => sendMessages(reply, signal => reportsOf(engine, signal)))
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
