import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import { parseMoment } from '../domain/events/moment.ts'
import type { InvalidMoment } from '../domain/events/moment.ts'
import type { Position } from '../domain/kernel/store.ts'
import type { At } from '../projections/temporal.ts'
import type { Engine } from './engine.ts'
import type { Unanswerable } from './problem.ts'
import { query } from './query.ts'

type Wrong = InvalidMoment | Unanswerable

/** How long an answer waits for the read models to have seen what was recorded when it was asked for. */
const CATCH_UP_MS = 2_000

/** Waits until what is recorded now can be asked about, so that clients read their own writes. */
export const caughtUp = ({ waitFor, log }: Pick<Engine, 'waitFor' | 'log'>): Promise<boolean> =>
  waitFor(log.head(), CATCH_UP_MS)

/** Just before a moment: where to go on from in order to hear of it, and of all that followed. */
export const positionBefore = async (engine: Engine, text: string): Promise<E.Either<Wrong, Position>> => {
  const moment = parseMoment(text, engine.clock())
  if (E.isLeft(moment) || moment.right.kind !== 'time')
    return pipe(
      await positionOf(engine, text),
      E.map(position => Math.max(0, position - 1)),
    )
  await caughtUp(engine)
  return E.right(engine.queries.positionAt(new Date(moment.right.time.getTime() - 1)))
}

/** The position of a moment: of the newest event that was recorded by then. */
export const positionOf = async (engine: Engine, text: string): Promise<E.Either<Wrong, Position>> => {
  const moment = parseMoment(text, engine.clock())
  if (E.isLeft(moment)) return moment
  await caughtUp(engine)
  switch (moment.right.kind) {
    case 'now':
      return E.right(engine.asOf())
    case 'position': {
      const { position } = moment.right
      return position <= engine.log.head()
        ? E.right(position)
        : E.left({
            reason: 'moment-not-found',
            moment: text,
            cause: `the history ends at @${engine.log.head()}`,
          })
    }
    case 'event': {
      const found = engine.queries.eventById(moment.right.id)
      if (found.kind === 'found') return E.right(found.found.position)
      return found.kind === 'none'
        ? E.left({ reason: 'moment-not-found', moment: text, cause: 'there is no event with that id' })
        : E.left({ reason: 'moment-ambiguous', moment: text, candidates: found.candidates })
    }
    case 'time':
      return E.right(engine.queries.positionAt(moment.right.time))
    case 'boot': {
      const starts = await startsOf(engine)
      const start = starts.at(-1 - moment.right.back)
      return start === undefined
        ? E.left({
            reason: 'moment-not-found',
            moment: text,
            cause: `the daemon has been started ${starts.length} times`,
          })
        : E.right(start)
    }
  }
}

const startsOf = async ({ log, streams }: Engine): Promise<ReadonlyArray<Position>> => {
  const history = await log.load(streams.node(), 0)()
  if (E.isLeft(history)) return []
  return history.right.events
    .filter(({ event }) => event.type === 'EngineStarted')
    .map(({ position }) => position)
}

const refused = (text: string, why: string): E.Either<Wrong, never> =>
  E.left({ reason: 'invalid-moment', moment: text.slice(0, 64), cause: `${JSON.stringify(text)} ${why}` })

/** What a moment says of the time, as far as it can be said without the log. */
const timeIn = (text: string, now: Date): Date | null => {
  const moment = parseMoment(text, now)
  if (E.isLeft(moment)) return null
  return moment.right.kind === 'time' ? moment.right.time : moment.right.kind === 'now' ? now : null
}

/** Nobody can say yet how things will be; by whose clock events are recorded may go before ours. */
const isAhead = async ({ log, clock }: Engine, text: string): Promise<boolean> => {
  const now = clock()
  const time = timeIn(text, now)
  if (time === null || time <= now) return false
  const last = { from: Number.MAX_SAFE_INTEGER, direction: 'backwards', limit: 1, categories: null } as const
  const read = await log.read(last)()
  const [newest] = E.isRight(read) ? read.right : []
  return newest === undefined || time > newest.recordedAt
}

/** A stretch of the history that ends before it begins is a slip, and not the wish for nothing. */
export const checkedStretch = async (
  engine: Engine,
  since: string | undefined,
  until: string | undefined,
): Promise<E.Either<Wrong, null>> => {
  if (since === undefined || until === undefined) return E.right(null)
  const now = engine.clock()
  const [from, to] = [timeIn(since, now), timeIn(until, now)]
  const first = await positionOf(engine, since)
  if (E.isLeft(first)) return first
  const last = await positionOf(engine, until)
  if (E.isLeft(last)) return last
  const isReversed = from !== null && to !== null ? to < from : last.right < first.right
  return isReversed
    ? refused(until, `is no moment for until: it is before since, ${JSON.stringify(since)}`)
    : E.right(null)
}

/** The query of whatever can be asked as of a moment. */
export const AtQuery = query({ at: t.string })

/** `at=` of a query: as of when it is to be answered, and the position that the answer says. */
export const asked = async (
  engine: Engine,
  query: unknown,
): Promise<E.Either<Wrong, Readonly<{ at: At; position: Position }>>> => {
  const { at } = query as Readonly<{ at?: unknown }>
  if (at === undefined || at === 'now') {
    await caughtUp(engine)
    return E.right({ at: 'now', position: engine.asOf() })
  }
  if (await isAhead(engine, String(at))) return refused(String(at), 'is in the future: nobody knows that yet')
  const position = await positionOf(engine, String(at))
  if (E.isLeft(position)) return position
  // Nothing is answered as of a moment that the read models have not reached: it would be the answer of an earlier one.
  return position.right > engine.asOf()
    ? E.left({ reason: 'read-models-behind', position: position.right })
    : E.right({ at: position.right, position: position.right })
}
