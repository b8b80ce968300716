import type { FastifyPluginAsync } from 'fastify'
import type { Engine } from './engine.ts'

/** The daemon about itself. */
export const aboutRoutes: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  app.get('/version', async () => ({ apiVersion: 'v1', ...engine.about }))
  app.get('/info', async () => engine.info())
  app.get('/config', async () => ({ items: engine.settings }))
}
