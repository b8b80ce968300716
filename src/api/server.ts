import { chmodSync, chownSync, rmSync } from 'node:fs'
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
import type { Routes } from './face.ts'
import { operator } from './operation.ts'
import { sendProblem } from './problem.ts'
import type { ApiError } from './problem.ts'
import { containerCommands } from './runtime/commands.ts'
import { containerRoutes } from './runtime/http.ts'
import { snapshotRoutes } from './snapshot/http.ts'

/** The largest command: a profile for seccomp and a long environment fit many times. */
const BODY_LIMIT = 1 << 20

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
  snapshotRoutes,
]

/** What fastify itself says of a request that never reached a route. */
const errorOf = (error: FastifyError): ApiError => {
  const { statusCode = 500, message: cause, code } = error
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
  })

  // Input goes on to whoever reads it, as it comes.
  app.addContentTypeParser('application/octet-stream', (_, payload, done) => done(null, payload))

  app.setErrorHandler((error: FastifyError, _, reply) => {
    if ((error.statusCode ?? 500) >= 500) report(error)
    return sendProblem(reply, errorOf(error))
  })
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, { reason: 'route-not-found', path: `${request.method} ${request.url.split('?')[0]}` }),
  )

  const operate = operator(engine)
  for (const route of routes) void app.register(route, { prefix: '/v1', engine, operate })
  void app.register(docsRoutes, { engine })
  return app
}

/**
 * Listens on a unix socket, for root and the members of a group only (0660). The file is removed first: whoever holds
 * the lock of the state directory is the only one who may have made it.
 */
export const listenOn = async (app: FastifyInstance, path: string, gid: number | null): Promise<void> => {
  rmSync(path, { force: true })
  const before = process.umask(0o117)
  try {
    await app.listen({ path })
  } finally {
    process.umask(before)
  }
  chmodSync(path, 0o660)
  if (gid !== null) chownSync(path, 0, gid)
}
