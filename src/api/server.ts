import { chmodSync, chownSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import * as E from 'fp-ts/lib/Either.js'
import fastify from 'fastify'
import type { FastifyError, FastifyInstance } from 'fastify'
import { aboutRoutes } from './about.ts'
import { bundleRoutes } from './bundle/http.ts'
import { blobRoutes } from './content/http.ts'
import { pullRoutes } from './distribution/http.ts'
import { docsRoutes } from './docs.ts'
import type { Engine } from './engine.ts'
import { eventRoutes } from './events/http.ts'
import { execRoutes } from './executor/http.ts'
import { imageRoutes } from './metadata/http.ts'
import { projectionRoutes } from './metadata/projections.ts'
import type { Routes } from './face.ts'
import { operator } from './operation.ts'
import { noQuery, readQuery } from './query.ts'
import { sendProblem, toProblem } from './problem.ts'
import type { ApiError } from './problem.ts'
import { containerCommands } from './runtime/commands.ts'
import { containerRoutes } from './runtime/http.ts'
import { snapshotRoutes } from './snapshot/http.ts'

/** The largest command: a profile for seccomp and a long environment fit many times. */
const BODY_LIMIT = 1 << 20

/** How many may wait to be let in: who comes when it is full is turned away (EAGAIN). The kernel's own limit is no higher. */
const BACKLOG = 4096

const routes: ReadonlyArray<Routes> = [
  aboutRoutes,
  blobRoutes,
  bundleRoutes,
  containerCommands,
  containerRoutes,
  eventRoutes,
  execRoutes,
  imageRoutes,
  pullRoutes,
  projectionRoutes,
  snapshotRoutes,
]

/** What fastify itself says of a request that never reached a route. */
const errorOf = (error: FastifyError): ApiError => {
  const { statusCode = 500, message: cause, code } = error
  if (code === 'FST_ERR_BAD_URL') return { reason: 'invalid-request', errors: [cause] }
  if (statusCode === 413) return { reason: 'request-too-large', cause: `more than ${BODY_LIMIT} bytes` }
  if (statusCode === 415) return { reason: 'unsupported-media-type', cause }
  if (statusCode < 500) return { reason: 'invalid-request', errors: [`body: ${cause}`] }
  return { reason: 'internal-error', cause: code ?? cause }
}

/** The HTTP API, without a socket. `report` hears of faults of ours. */
export const buildServer = (engine: Engine, report: (error: unknown) => void): FastifyInstance => {
  const app = fastify({
    bodyLimit: BODY_LIMIT,
    routerOptions: { maxParamLength: 4096, ignoreTrailingSlash: false },
    // Standard input may be open for days, and the end of a container as far away.
    requestTimeout: 0,
    keepAliveTimeout: 0,
    connectionTimeout: 0,
    forceCloseConnections: true,
    // The answer to a question about a stream is the stream.
    exposeHeadRoutes: false,
    frameworkErrors: (error, _, reply) => void sendProblem(reply, errorOf(error)),
    clientErrorHandler: refuseUnreadable,
  })

  app.removeContentTypeParser('text/plain')
  // Input goes on to whoever reads it, as it comes.
  app.addContentTypeParser('application/octet-stream', (_, payload, done) => done(null, payload))

  app.setErrorHandler((error: FastifyError, _, reply) => {
    if ((error.statusCode ?? 500) >= 500) report(error)
    return sendProblem(reply, errorOf(error))
  })
  const methods = methodsByPath(app)
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? ''
    const allowed = methods(path)
    if (allowed.length === 0)
      return sendProblem(reply, { reason: 'route-not-found', path: `${request.method} ${path}` })
    reply.header('allow', allowed.join(', '))
    return sendProblem(reply, { reason: 'method-not-allowed', path, method: request.method, allowed })
  })
  app.addHook('preHandler', async (request, reply) => {
    const query = readQuery(request.routeOptions.config.query ?? noQuery)(request.query)
    if (E.isLeft(query) && !request.is404) return sendProblem(reply, query.left)
  })

  const operate = operator(engine)
  for (const route of routes) void app.register(route, { prefix: '/v1', engine, operate })
  void app.register(docsRoutes, { engine })
  return app
}

/** The methods that a path can be asked with, for who asked with another. */
const methodsByPath = (app: FastifyInstance) => {
  const routes: Array<Readonly<{ pattern: RegExp; method: string }>> = []
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = url.replaceAll(/[.]/g, String.raw`\$&`).replaceAll(/:\w+/g, '[^/]+').replaceAll('*', '.+')
    for (const each of [method].flat()) routes.push({ pattern: new RegExp(`^${pattern}$`), method: each })
  })
  return (path: string): ReadonlyArray<string> => [
    ...new Set(routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)),
  ]
}

/** What is no HTTP at all, or more of it than anybody should send. */
const refuseUnreadable = (error: NodeJS.ErrnoException, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const [status, problem] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [
          '431 Request Header Fields Too Large',
          toProblem({ reason: 'request-too-large', cause: 'its headers' }),
        ]
      : ['400 Bad Request', toProblem({ reason: 'invalid-request', errors: ['this is not an HTTP request'] })]
  const body = JSON.stringify(problem)
  const head = `content-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}`
  if (socket.writable) socket.write(`HTTP/1.1 ${status}\r\n${head}\r\nconnection: close\r\n\r\n${body}`)
  socket.destroySoon()
}

/**
 * Listens on a unix socket, for root and the members of a group only (0660). The file is removed first: whoever holds
 * the lock of the state directory is the only one who may have made it. Until its mode is set, only root can connect.
 */
export const listenOn = async (app: FastifyInstance, path: string, gid: number | null): Promise<void> => {
  rmSync(path, { force: true })
  await app.listen({ path, backlog: BACKLOG })
  if (gid !== null) chownSync(path, 0, gid)
  chmodSync(path, 0o660)
}
