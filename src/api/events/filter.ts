import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { allCategories } from '../../domain/events/streams.ts'
import { eventTypes } from '../../domain/events/catalogue.ts'
import type { DomainEvent } from '../../domain/events/catalogue.ts'
import type { InvalidRequest } from '../../domain/kernel/decode.ts'
import type { Position, Recorded } from '../../domain/kernel/store.ts'
import { checkedStretch, positionBefore, positionOf } from '../at.ts'
import type { Engine } from '../engine.ts'
import type { ApiError } from '../problem.ts'
import { nearest } from '../near.ts'
import { query } from '../query.ts'

/** Which events are wanted, of which stretch of the log (both ends exclusive). */
export type EventQuery = Readonly<{
  after: Position
  before: Position
  limit: number
  order: 'forwards' | 'backwards'
  categories: ReadonlyArray<string> | null
  wanted: (recorded: Recorded<DomainEvent>) => boolean
  /** Whether there may be events that are not wanted. */
  isSelective: boolean
}>

const MOST = 1000
const isLimit = (text: string) => /^[0-9]{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= MOST

/** A parameter may come several times, and each time name several, separated by commas. */
const list = t.union([t.string, t.readonlyArray(t.string)], 'one or several, separated by commas')

export const EventsQuery = query({
  after: t.string,
  before: t.string,
  since: t.string,
  until: t.string,
  limit: t.refinement(t.string, isLimit, `a number from 1 to ${MOST}`),
  order: t.keyof({ forwards: null, backwards: null }, 'forwards or backwards'),
  category: list,
  type: list,
  subject: list,
  actor: list,
  correlation: list,
})
type Asked = t.TypeOf<typeof EventsQuery>

type Values = ReadonlyArray<string> | null

const valuesOf = (name: string, value: Asked['type']): E.Either<InvalidRequest, Values> => {
  if (value === undefined) return E.right(null)
  const values = [value].flat().flatMap(part => part.split(','))
  return values.includes('')
    ? invalid(`${name}: expected ${list.name}, got ${JSON.stringify([value].flat().join(',').slice(0, 64))}`)
    : E.right(values)
}

const invalid = (error: string): E.Either<InvalidRequest, never> =>
  E.left({ reason: 'invalid-request', errors: [error] })

/** By a name that nothing has, a filter would be silent for ever. */
const checkedTypes = (types: Values): E.Either<InvalidRequest, null> => {
  const stranger = types?.find(type => !(eventTypes as ReadonlyArray<string>).includes(type))
  if (stranger === undefined) return E.right(null)
  const meant = nearest(stranger, eventTypes)
  return invalid(
    `type: there is no type of event ${JSON.stringify(stranger.slice(0, 64))}${
      meant.length === 0 ? '' : ` (there is: ${meant.join(', ')})`
    }`,
  )
}

const checkedCategories = (categories: Values): E.Either<InvalidRequest, null> => {
  const stranger = categories?.find(category => !allCategories.includes(category))
  return stranger === undefined
    ? E.right(null)
    : invalid(
        `category: there is no category ${stranger.slice(0, 64)} (there are: ${allCategories.join(', ')})`,
      )
}

/** Where events name what they are about, beside their stream: an object's id, its name, its digest. */
const namedIn = ['container', 'exec', 'pull', 'digest', 'key', 'name', 'previous'] as const

/** A subject is a stream's name or its end, or what an event names: a container, a digest, an image's name. */
const isAbout = ({ stream, event }: Recorded<DomainEvent>, subject: string) =>
  stream === subject ||
  stream.endsWith(`/${subject}`) ||
  namedIn.some(field => (event as Readonly<Record<string, unknown>>)[field] === subject) ||
  ('blob' in event && event.blob.digest === subject)

const isBy = ({ metadata: { actor } }: Recorded<DomainEvent>, name: string) =>
  actor.kind === 'system'
    ? name === 'system' || name === actor.policy || name === `system:${actor.policy}`
    : name === actor.user || name === String(actor.uid) || name === `uid:${actor.uid}`

const boundsOf = async (
  engine: Engine,
  { after, before, since, until }: Asked,
): Promise<E.Either<ApiError, Readonly<{ after: Position; before: Position }>>> => {
  const bound = async (text: string | undefined, otherwise: Position, means: typeof positionOf) =>
    text === undefined ? E.right(otherwise) : means(engine, text)
  const stretch = await checkedStretch(engine, since, until)
  if (E.isLeft(stretch)) return stretch
  const end = Number.MAX_SAFE_INTEGER
  const first = await bound(after, 0, positionOf)
  if (E.isLeft(first)) return first
  const from = await bound(since, 0, positionBefore)
  if (E.isLeft(from)) return from
  const last = await bound(before, end, positionOf)
  if (E.isLeft(last)) return last
  const to = await bound(until, end, positionOf)
  if (E.isLeft(to)) return to
  // `since` and `until` include their moments, `after` and `before` do not.
  return E.right({
    after: Math.max(first.right, from.right),
    before: Math.min(last.right, to.right === end ? end : to.right + 1),
  })
}

export const eventQuery = async (engine: Engine, asked: Asked): Promise<E.Either<ApiError, EventQuery>> => {
  const bounds = await boundsOf(engine, asked)
  if (E.isLeft(bounds)) return bounds
  const filters: Record<string, Values> = {}
  for (const name of ['category', 'type', 'subject', 'actor', 'correlation'] as const) {
    const values = valuesOf(name, asked[name])
    if (E.isLeft(values)) return values
    filters[name] = values.right
  }
  const { category: categories = null, type: types = null, subject, actor, correlation } = filters
  for (const check of [checkedCategories(categories), checkedTypes(types)]) if (E.isLeft(check)) return check

  const passes = (values: ReadonlyArray<string> | null | undefined, test: (value: string) => boolean) =>
    values?.some(test) ?? true
  return E.right({
    ...bounds.right,
    limit: Number(asked.limit ?? 100),
    order: asked.order ?? 'forwards',
    categories,
    isSelective: [types, subject, actor, correlation].some(values => values != null),
    wanted: recorded =>
      passes(types, type => recorded.event.type === type) &&
      passes(subject, subject => isAbout(recorded, subject)) &&
      passes(actor, actor => isBy(recorded, actor)) &&
      passes(correlation, id => recorded.metadata.$correlationId === id),
  })
}
