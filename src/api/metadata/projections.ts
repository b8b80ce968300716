import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { isEqual } from '../../projections/replayed.ts'
import { projections } from '../../projections/queries.ts'
import { positionOf } from '../at.ts'
import type { Engine } from '../engine.ts'
import type { Routes } from '../face.ts'
import { sendProblem } from '../problem.ts'
import { query } from '../query.ts'

export const ReplayQuery = query({ projection: t.string, to: t.string })

const names = projections.map(({ name }) => name)

const unknown = (projection: string) =>
  names.includes(projection) ? null : ({ reason: 'projection-not-found', projection, names } as const)

/** A read model, how far it is behind the log, and why it stopped, if it did. Positions. */
const standingOf = ({ log, positionOf, stopped }: Engine, name: string, version: number) => {
  const position = positionOf(name)
  return {
    name,
    version,
    status: position === null ? 'stopped' : 'following',
    position,
    lag: position === null ? null : Math.max(0, log.head() - position),
    error: stopped().get(name)?.message ?? null,
  }
}

/** Read models: how they are; whether they follow from the log, which is a question and no command; made again. */
export const projectionRoutes: Routes = async (app, { engine }) => {
  app.get('/replay', { config: { query: ReplayQuery } }, async (request, reply) => {
    const { projection = null, to = null } = request.query as { projection?: string; to?: string }
    const refused = projection === null ? null : unknown(projection)
    if (refused !== null) return sendProblem(reply, refused)
    const position = to === null ? E.right(null) : await positionOf(engine, to)
    if (E.isLeft(position)) return sendProblem(reply, position.left)

    const replayed = await engine.replay(projection, position.right)
    return {
      position: position.right ?? engine.asOf(),
      isEqual: replayed.every(isEqual),
      projections: replayed,
    }
  })

  app.get('/projections', async () => ({
    position: engine.log.head(),
    items: projections.map(({ name, version }) => standingOf(engine, name, version)),
  }))

  app.post<{ Params: { projection: string } }>('/projections/:projection/rebuild', async (request, reply) => {
    const { projection } = request.params
    const refused = unknown(projection)
    if (refused !== null) return sendProblem(reply, refused)
    const position = await engine.rebuild(projection)
    return { projection, position }
  })
}
