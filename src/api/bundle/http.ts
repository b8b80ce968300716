import * as E from 'fp-ts/lib/Either.js'
import type { FastifyPluginAsync } from 'fastify'
import { AtQuery, asked } from '../at.ts'
import type { Engine } from '../engine.ts'
import { sendProblem } from '../problem.ts'

export const bundleRoutes: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  app.get('/bundles', { config: { query: AtQuery } }, async (request, reply) => {
    const as = await asked(engine, request.query)
    if (E.isLeft(as)) return sendProblem(reply, as.left)
    const { at, position } = as.right
    return { position, items: engine.queries.listBundles(at) }
  })

  app.get<{ Params: { container: string } }>(
    '/bundles/:container',
    { config: { query: AtQuery } },
    async (request, reply) => {
      const as = await asked(engine, request.query)
      if (E.isLeft(as)) return sendProblem(reply, as.left)
      const { container } = request.params
      return (
        engine.queries.bundleOf(container, as.right.at) ??
        sendProblem(reply, { reason: 'bundle-not-found', key: container })
      )
    },
  )
}
