import * as E from 'fp-ts/lib/Either.js'
import { parseMoment } from '../domain/events/moment.ts'
import type { InvalidMoment } from '../domain/events/moment.ts'
import type { Position } from '../domain/kernel/store.ts'
import type { At } from '../projections/temporal.ts'
import type { Engine } from './engine.ts'
import type { Unanswerable } from './problem.ts'

type Wrong = InvalidMoment | Unanswerable

/** The position of a moment: of the newest event that was recorded by then. */
export const positionOf = async (engine: Engine, text: string): Promise<E.Either<Wrong, Position>> => {
  const moment = parseMoment(text, engine.clock())
  if (E.isLeft(moment)) return moment
  await engine.waitFor(engine.log.head(), 1_000)
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
      return E.left({ reason: found.kind === 'none' ? 'event-not-found' : 'event-ambiguous', event: text })
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

/** `at=` of a query: as of when it is to be answered, and the position that the answer says. */
export const asked = async (
  engine: Engine,
  query: unknown,
): Promise<E.Either<Wrong, Readonly<{ at: At; position: Position }>>> => {
  const { at } = query as Readonly<{ at?: unknown }>
  if (at === undefined || at === '' || at === 'now') {
    await engine.waitFor(engine.log.head(), 1_000)
    return E.right({ at: 'now', position: engine.asOf() })
  }
  const position = await positionOf(engine, String(at))
  return E.isLeft(position) ? position : E.right({ at: position.right, position: position.right })
}
