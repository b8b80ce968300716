import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { isEqual } from '../../projections/replayed.ts'
import { projections } from '../../projections/queries.ts'
import { positionOf } from '../at.ts'
import type { Routes } from '../face.ts'
import { sendProblem } from '../problem.ts'
import { query } from '../query.ts'

export const ReplayQuery = query({ projection: t.string, to: t.string })

/** Replay changes nothing, so it is a question and no command; it may take as long as the log is long. */
export const replayRoutes: Routes = async (app, { engine }) => {
  app.get('/replay', { config: { query: ReplayQuery } }, async (request, reply) => {
    const { projection = null, to = null } = request.query as { projection?: string; to?: string }
    const names = projections.map(({ name }) => name)
    if (projection !== null && !names.includes(projection))
      return sendProblem(reply, { reason: 'projection-not-found', projection, names })
    const position = to === null ? E.right(null) : await positionOf(engine, to)
    if (E.isLeft(position)) return sendProblem(reply, position.left)

    const replayed = await engine.replay(projection, position.right)
    return {
      position: position.right ?? engine.asOf(),
      isEqual: replayed.every(isEqual),
      projections: replayed,
    }
  })
}
