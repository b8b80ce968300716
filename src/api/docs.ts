import fastify from 'fastify'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import type { Engine } from './engine.ts'

/** Scalar's reader of OpenAPI documents, as a server of its own: it is 5 MB, so it is loaded when somebody looks. */
const openReader = async (): Promise<FastifyInstance> => {
  const { default: scalar } = await import('@scalar/fastify-api-reference')
  const reader = fastify()
  await reader.register(scalar, {
    routePrefix: '/docs',
    configuration: { url: '/v1/openapi.json', title: 'shiplog API' },
  })
  return reader
}

/** The OpenAPI document, and a page to browse it by. Both are made when they are asked for first. */
export const docsRoutes: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  let document: object | null = null
  let reader: Promise<FastifyInstance> | null = null

  app.get('/v1/openapi.json', async () => {
    const { openApiDocument } = await import('./openapi.ts')
    document ??= openApiDocument(engine.about.version)
    return document
  })

  for (const path of ['/docs', '/docs/*'])
    app.get(path, async (request, reply) => {
      reader ??= openReader()
      const { statusCode, headers, rawPayload } = await (await reader).inject(request.url)
      for (const name of ['content-type', 'location', 'cache-control', 'etag'])
        if (headers[name] !== undefined) reply.header(name, headers[name])
      return reply.code(statusCode).send(rawPayload)
    })
}
