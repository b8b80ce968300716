import * as E from 'fp-ts/lib/Either.js'
import type { DomainEvent } from '../domain/events/catalogue.ts'
import type { Position, Recorded, StreamName } from '../domain/kernel/store.ts'
import { commandOf, subjectOf } from '../domain/processes/operation.ts'
import type { CommandName } from '../domain/processes/operation.ts'
import type { Engine } from './engine.ts'
import { eventsOf } from './events/history.ts'
import { inOrder, operationJson } from './operation-json.ts'
import type { Begun } from './operation-json.ts'
import type { ApiError } from './problem.ts'

type Past = ReadonlyArray<Recorded<DomainEvent>>

/** Where an operation began, as the log knows it: its first event says what was asked. */
export const begunInLog = async (engine: Engine, id: string): Promise<E.Either<ApiError, Begun>> => {
  const [first] = engine.queries.eventsOfOperation(id)
  const unknown = E.left<ApiError>({ reason: 'operation-not-found', operation: id })
  if (first === undefined) return unknown
  const events = await eventsOf(engine, [first.stream])
  if (E.isLeft(events)) return events
  const recorded = events.right.find(({ position }) => position === first.position)
  const command = recorded === undefined ? null : commandOf(recorded.event)
  const subject = recorded === undefined ? null : subjectOf(recorded.event)
  return command === null || subject === null
    ? unknown
    : E.right({ command, subject, stream: first.stream, from: first.position, settled: null })
}

/** Whether a command may have begun so: the restart of what does not run is its start. */
export const mayBegin = (asked: CommandName, { command }: Begun): boolean =>
  command === asked || (asked === 'restart-container' && command === 'start-container')

/** What was recorded on an operation's behalf, and what its subject's stream tells. */
export const pastOf = async (
  engine: Engine,
  id: string,
  stream: StreamName,
): Promise<E.Either<ApiError, Past>> => {
  const streams = engine.queries.eventsOfOperation(id).map(moment => moment.stream)
  return eventsOf(engine, [stream, ...streams])
}

/** An operation as of a position of the log. */
export const operationById = async (
  engine: Engine,
  id: string,
  at: Position,
): Promise<E.Either<ApiError, ReturnType<typeof operationJson>>> => {
  const begun = await begunInLog(engine, id)
  if (E.isLeft(begun)) return begun
  if (begun.right.from > at) return E.left({ reason: 'operation-not-found', operation: id })
  const past = await pastOf(engine, id, begun.right.stream)
  if (E.isLeft(past)) return past
  const before = past.right.filter(({ position }) => position <= at)
  // Its position is the answer's, not that of what other operations did to the same streams.
  return E.right({ ...operationJson(id, begun.right, 'started', inOrder(before), at), position: at })
}
