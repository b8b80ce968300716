import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { allCategories } from '../../domain/events/streams.ts'
import type { DomainEvent } from '../../domain/events/catalogue.ts'
import type { Position, Recorded } from '../../domain/kernel/store.ts'
import { positionBefore, positionOf } from '../at.ts'
import type { Engine } from '../engine.ts'
import type { ApiError } from '../problem.ts'
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

const valuesOf = (value: string | ReadonlyArray<string> | undefined): ReadonlyArray<string> | null =>
  value === undefined || value === '' ? null : [value].flat().flatMap(part => part.split(',').filter(Boolean))

/** A subject is a stream's name or its end, or what an event names: a container, a digest, an image's name. */
const isAbout = ({ stream, event }: Recorded<DomainEvent>, subject: string) =>
  stream === subject || stream.endsWith(`/${subject}`) || Object.values(event).includes(subject as never)

const isBy = ({ metadata: { actor } }: Recorded<DomainEvent>, name: string) =>
  actor.kind === 'system'
    ? name === 'system' || name === actor.policy || name === `system:${actor.policy}`
    : name === actor.user || name === String(actor.uid) || name === `uid:${actor.uid}`

const boundsOf = async (
  engine: Engine,
  { after, before, since, until }: Asked,
): Promise<E.Either<ApiError, Readonly<{ after: Position; before: Position }>>> => {
  const bound = async (text: string | undefined, otherwise: Position, means: typeof positionOf) =>
    text === undefined || text === '' ? E.right(otherwise) : means(engine, text)
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
  const categories = valuesOf(asked.category)
  const stranger = categories?.find(category => !allCategories.includes(category))
  if (stranger !== undefined)
    return E.left({
      reason: 'invalid-request',
      errors: [`category: there is no category ${stranger} (there are: ${allCategories.join(', ')})`],
    })

  const [types, subjects, actors, correlations] = [
    asked.type,
    asked.subject,
    asked.actor,
    asked.correlation,
  ].map(valuesOf)
  const passes = (values: ReadonlyArray<string> | null | undefined, test: (value: string) => boolean) =>
    values?.some(test) ?? true
  return E.right({
    ...bounds.right,
    limit: Number(asked.limit ?? 100),
    order: asked.order ?? 'forwards',
    categories,
    isSelective: [types, subjects, actors, correlations].some(values => values != null),
    wanted: recorded =>
      passes(types, type => recorded.event.type === type) &&
      passes(subjects, subject => isAbout(recorded, subject)) &&
      passes(actors, actor => isBy(recorded, actor)) &&
      passes(correlations, id => recorded.metadata.$correlationId === id),
  })
}
