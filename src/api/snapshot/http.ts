import * as E from 'fp-ts/lib/Either.js'
import type { FastifyPluginAsync } from 'fastify'
import { AtQuery, asked } from '../at.ts'
import type { Engine } from '../engine.ts'
import { sendProblem } from '../problem.ts'

export const snapshotRoutes: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  app.get('/snapshots', { config: { query: AtQuery } }, async (request, reply) => {
    const as = await asked(engine, request.query)
    if (E.isLeft(as)) return sendProblem(reply, as.left)
    const { at, position } = as.right
    return { position, items: engine.queries.listSnapshots(at) }
  })

  app.get<{ Params: { key: string } }>(
    '/snapshots/:key',
    { config: { query: AtQuery } },
    async (request, reply) => {
      const as = await asked(engine, request.query)
      if (E.isLeft(as)) return sendProblem(reply, as.left)
      const { key } = request.params
      return (
        engine.queries.snapshotByKey(key, as.right.at) ??
        sendProblem(reply, { reason: 'snapshot-not-found', key: key })
      )
    },
  )
}
