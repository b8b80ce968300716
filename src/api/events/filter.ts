import * as E from 'fp-ts/lib/Either.js'
import type { DomainEvent } from '../../domain/events/catalogue.ts'
import type { Position, Recorded } from '../../domain/kernel/store.ts'
import { positionOf } from '../at.ts'
import type { Engine } from '../engine.ts'
import type { ApiError } from '../problem.ts'

/** Which events are wanted, of which stretch of the log. */
export type EventQuery = Readonly<{
  after: Position
  before: Position
  limit: number
  order: 'forwards' | 'backwards'
  categories: ReadonlyArray<string> | null
  wanted: (recorded: Recorded<DomainEvent>) => boolean
}>

type Raw = Readonly<Record<string, string | ReadonlyArray<string> | undefined>>

const MOST = 1000

/** A parameter may come several times, and each time name several, separated by commas. */
const list = (value: Raw[string]): ReadonlyArray<string> | null => {
  if (value === undefined || value === '') return null
  return (typeof value === 'string' ? [value] : value).flatMap(part => part.split(',')).filter(Boolean)
}

const invalid = (error: string): E.Either<ApiError, never> =>
  E.left({ reason: 'invalid-request', errors: [error] })

const known = [
  'after',
  'before',
  'since',
  'until',
  'limit',
  'order',
  'category',
  'type',
  'subject',
  'actor',
  'correlation',
]

/** A subject is a stream's name, its end, or a beginning of its id. */
const isAbout = (stream: string, subject: string) => {
  const id = stream.slice(stream.indexOf('-') + 1)
  const last = id.slice(id.indexOf('/') + 1)
  const withoutNamespace = last.slice(last.indexOf('/') + 1)
  return (
    stream === subject ||
    last === subject ||
    withoutNamespace === subject ||
    withoutNamespace.startsWith(subject)
  )
}

const isBy = ({ metadata: { actor } }: Recorded<DomainEvent>, name: string) =>
  actor.kind === 'system'
    ? name === 'system' || name === actor.policy || name === `system:${actor.policy}`
    : name === actor.user || name === String(actor.uid) || name === `uid:${actor.uid}`

export const eventQuery = async (engine: Engine, raw: Raw): Promise<E.Either<ApiError, EventQuery>> => {
  const unknown = Object.keys(raw).find(name => !known.includes(name))
  if (unknown !== undefined)
    return invalid(`${unknown}: there is no such parameter (there are: ${known.join(', ')})`)

  const moment = async (name: string, otherwise: Position): Promise<E.Either<ApiError, Position>> => {
    const text = raw[name]
    if (text === undefined || text === '') return E.right(otherwise)
    return positionOf(engine, String(text))
  }
  const bounds: Record<string, Position> = {}
  for (const [name, otherwise] of [
    ['after', 0],
    ['since', 0],
    ['before', Number.MAX_SAFE_INTEGER],
    ['until', Number.MAX_SAFE_INTEGER],
  ] as const) {
    const position = await moment(name, otherwise)
    if (E.isLeft(position)) return position
    bounds[name] = position.right
  }
  const { after = 0, since = 0, before = 0, until = 0 } = bounds

  const limit = raw['limit'] === undefined ? 100 : Number(raw['limit'])
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST)
    return invalid(`limit: expected a number from 1 to ${MOST}, got "${String(raw['limit'])}"`)
  const order = raw['order'] ?? 'forwards'
  if (order !== 'forwards' && order !== 'backwards')
    return invalid(`order: expected forwards or backwards, got "${String(order)}"`)

  const [types, subjects, actors, correlations] = ['type', 'subject', 'actor', 'correlation'].map(name =>
    list(raw[name]),
  )
  const passes = (values: ReadonlyArray<string> | null | undefined, test: (value: string) => boolean) =>
    values === null || values === undefined || values.some(test)
  return E.right({
    after: Math.max(after, since),
    // `until` includes its moment, `before` does not.
    before: Math.min(before, until === Number.MAX_SAFE_INTEGER ? until : until + 1),
    limit,
    order,
    categories: list(raw['category']),
    wanted: recorded =>
      passes(types, type => recorded.event.type === type) &&
      passes(subjects, subject => isAbout(recorded.stream, subject)) &&
      passes(actors, actor => isBy(recorded, actor)) &&
      passes(correlations, id => recorded.metadata.$correlationId === id),
  })
}
