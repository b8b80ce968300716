import * as E from 'fp-ts/lib/Either.js'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { DomainEvent } from '../../domain/events/catalogue.ts'
import type { Recorded, StreamName } from '../../domain/kernel/store.ts'
import { asked } from '../at.ts'
import type { Engine } from '../engine.ts'
import { sendProblem } from '../problem.ts'
import type { ApiError } from '../problem.ts'
import { eventJson } from './json.ts'

/** The events of several streams, by position. */
export const eventsOf = async (
  { log }: Pick<Engine, 'log'>,
  streams: ReadonlyArray<StreamName>,
): Promise<E.Either<ApiError, ReadonlyArray<Recorded<DomainEvent>>>> => {
  const all: Array<Recorded<DomainEvent>> = []
  for (const stream of new Set(streams)) {
    const history = await log.load(stream, 0)()
    if (E.isLeft(history)) return history
    all.push(...history.right.events)
  }
  return E.right(all.toSorted((a, b) => a.position - b.position))
}

/** Everything that happened to a subject, up to a moment; `missing` where nothing ever did. */
export const sendHistory = async (
  engine: Engine,
  request: FastifyRequest,
  reply: FastifyReply,
  events: E.Either<ApiError, ReadonlyArray<Recorded<DomainEvent>>>,
  missing: ApiError,
): Promise<FastifyReply> => {
  const as = await asked(engine, request.query)
  if (E.isLeft(as)) return sendProblem(reply, as.left)
  if (E.isLeft(events)) return sendProblem(reply, events.left)
  const items = events.right.filter(({ position }) => position <= as.right.position)
  return items.length === 0
    ? sendProblem(reply, missing)
    : reply.send({ position: as.right.position, items: items.map(eventJson) })
}
