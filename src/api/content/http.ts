import * as E from 'fp-ts/lib/Either.js'
import type { FastifyPluginAsync } from 'fastify'
import { AtQuery, asked } from '../at.ts'
import type { Engine } from '../engine.ts'
import { sendProblem } from '../problem.ts'

export const blobRoutes: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  app.get('/content', { config: { query: AtQuery } }, async (request, reply) => {
    const as = await asked(engine, request.query)
    if (E.isLeft(as)) return sendProblem(reply, as.left)
    const { at, position } = as.right
    return { position, items: engine.queries.listBlobs(at) }
  })

  app.get<{ Params: { digest: string } }>(
    '/content/:digest',
    { config: { query: AtQuery } },
    async (request, reply) => {
      const as = await asked(engine, request.query)
      if (E.isLeft(as)) return sendProblem(reply, as.left)
      const { digest } = request.params
      return (
        engine.queries.blobByDigest(digest, as.right.at) ??
        sendProblem(reply, { reason: 'blob-not-found', key: digest })
      )
    },
  )
}
