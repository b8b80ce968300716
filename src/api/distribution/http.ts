import * as E from 'fp-ts/lib/Either.js'
import type { FastifyRequest } from 'fastify'
import * as t from 'io-ts'
import { parseReference } from '../../domain/distribution/reference.ts'
import type { Platform } from '../../domain/kernel/descriptor.ts'
import type { InvalidRequest } from '../../domain/kernel/decode.ts'
import type { Context } from '../../domain/kernel/context.ts'
import type { PullId } from '../../domain/kernel/identifiers.ts'
import { body, readBody } from '../body.ts'
import type { Routes } from '../face.ts'
import type { Credential, Engine } from '../engine.ts'
import { defaultNamespace } from '../metadata/images.ts'
import { giving } from '../operation.ts'
import type { Plan } from '../operation.ts'
import type { ApiError } from '../problem.ts'

export const PullImage = body('PullImage', { reference: t.string }, { platform: t.string })

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/** This host's platform, as images name it. */
const hostPlatform = (): Platform => ({
  os: 'linux',
  architecture: architectures[process.arch] ?? process.arch,
  variant: '',
})

/** `linux/amd64`, `linux/arm64/v8`. */
const parsePlatform = (text: string): E.Either<InvalidRequest, Platform> => {
  const [os, architecture, variant = '', ...rest] = text.split('/')
  const isWord = (word: string | undefined) => word !== undefined && /^[a-z0-9][a-z0-9_.-]{0,62}$/.test(word)
  return isWord(os) && isWord(architecture) && rest.length === 0 && (variant === '' || isWord(variant))
    ? E.right({ os: os as string, architecture: architecture as string, variant })
    : E.left({
        reason: 'invalid-request',
        errors: [`platform: "${text.slice(0, 64)}" is not OS/ARCHITECTURE[/VARIANT]`],
      })
}

const Credential = t.union([
  t.strict({ username: t.string, password: t.string }),
  t.strict({ identitytoken: t.string }),
])

/** `Registry-Auth`: docker's `X-Registry-Auth`, base64url of JSON. It is kept in memory for this pull only. */
const credentialOf = (request: FastifyRequest): E.Either<InvalidRequest, Credential | null> => {
  const header = request.headers['registry-auth'] ?? request.headers['x-registry-auth']
  if (typeof header !== 'string' || header === '') return E.right(null)
  const wrong = (what: string) =>
    E.left({ reason: 'invalid-request' as const, errors: [`Registry-Auth: expected ${what}`] })
  try {
    const decoded = Credential.decode(JSON.parse(Buffer.from(header, 'base64url').toString()))
    // What is wrong with a secret is not quoted.
    return E.isRight(decoded) ? decoded : wrong('username and password, or identitytoken, all of them text')
  } catch {
    return wrong('base64url of JSON')
  }
}

const planOf = (
  engine: Engine,
  request: FastifyRequest,
  { correlationId }: Context,
): E.Either<ApiError, Plan> => {
  const asked = readBody(PullImage)(request.body)
  if (E.isLeft(asked)) return asked
  const reference = parseReference(asked.right.reference)
  if (E.isLeft(reference)) return reference
  const platform =
    asked.right.platform === undefined ? E.right(hostPlatform()) : parsePlatform(asked.right.platform)
  if (E.isLeft(platform)) return platform
  const credential = credentialOf(request)
  if (E.isLeft(credential)) return credential

  const { name, domain } = reference.right
  if (credential.right !== null) engine.keepCredential(correlationId, domain, credential.right)
  const pull = engine.randomId() as PullId
  const stream = engine.streams.pull(defaultNamespace, pull)
  const command = {
    type: 'PullImage',
    pull,
    namespace: defaultNamespace,
    reference: asked.right.reference,
    name,
    platform: platform.right,
  } as const
  return E.right({
    subject: { kind: 'pull', id: pull, name },
    stream,
    give: giving(engine.pull, stream, command, () => null),
  })
}

export const pullRoutes: Routes = async (app, { engine, operate }) => {
  app.post('/commands/pull-image', (request, reply) =>
    operate(request, reply, 'pull-image', async context => planOf(engine, request, context)),
  )
}
