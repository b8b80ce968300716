import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { parseReference } from '../../domain/distribution/reference.ts'
import type { ImageName } from '../../domain/kernel/identifiers.ts'
import { body, readBody } from '../body.ts'
import type { Engine } from '../engine.ts'
import type { Routes } from '../face.ts'
import { giving } from '../operation.ts'
import type { Plan } from '../operation.ts'
import { sendProblem } from '../problem.ts'
import type { ApiError } from '../problem.ts'
import { AtQuery, asked, caughtUp } from '../at.ts'
import { sendHistory } from '../events/history.ts'
import { imageHistory } from './image-history.ts'
import { defaultNamespace, familiarName, findImage, imageJson, nameOf } from './images.ts'

export const TagImage = body('TagImage', { source: t.string, target: t.string }, {})
export const RemoveImage = body('RemoveImage', { image: t.string }, { force: t.boolean })

const planTag = (engine: Engine, body: unknown) => async (): Promise<E.Either<ApiError, Plan>> => {
  const asked = readBody(TagImage)(body)
  if (E.isLeft(asked)) return asked
  const target = parseReference(asked.right.target)
  if (E.isLeft(target)) return target
  const { name, digest } = target.right
  if (digest !== null)
    return E.left({ reason: 'invalid-request', errors: ['target: a digest cannot be given away as a name'] })
  await caughtUp(engine)
  const found = findImage(engine, asked.right.source, 'now')
  if (E.isLeft(found)) return found
  const { target: content, name: from, id } = found.right
  const stream = engine.streams.image(defaultNamespace, name)
  const command = {
    type: 'TagImage',
    namespace: defaultNamespace,
    name,
    target: content,
    from: from as ImageName,
  } as const
  return E.right({
    subject: { kind: 'image', id, name },
    stream,
    give: giving(engine.image, stream, command, () => ({ name, manifest: content.manifest })),
  })
}

const planRemoval = (engine: Engine, body: unknown) => async (): Promise<E.Either<ApiError, Plan>> => {
  const asked = readBody(RemoveImage)(body)
  if (E.isLeft(asked)) return asked
  const { image, force = false } = asked.right
  await caughtUp(engine)
  const found = findImage(engine, image, 'now')
  if (E.isLeft(found)) return found
  const { namespace, id } = found.right
  const name = found.right.name as ImageName
  const names = engine.queries
    .listImages('now')
    .filter(view => view.id === id)
    .map(view => view.name)
  // An id is no name: which of several is to go is not ours to guess.
  const isNamed = E.exists((full: ImageName) => full === name)(nameOf(image))
  if (!isNamed && names.length > 1)
    return E.left({ reason: 'image-ambiguous', image, candidates: names.map(familiarName) })
  const users = force || names.length > 1 ? [] : engine.queries.containersUsing(id)
  if (users.length > 0)
    return E.left({ reason: 'image-in-use', image, containers: users.map(user => user.name) })
  const stream = engine.streams.image(namespace, name)
  return E.right({
    subject: { kind: 'image', id, name },
    stream,
    give: giving(engine.image, stream, { type: 'RemoveImage', namespace, name }, () => null),
  })
}

export const imageRoutes: Routes = async (app, { engine, operate }) => {
  const { queries } = engine

  app.post('/commands/tag-image', (request, reply) =>
    operate(request, reply, 'tag-image', planTag(engine, request.body)),
  )
  app.post('/commands/remove-image', (request, reply) =>
    operate(request, reply, 'remove-image', planRemoval(engine, request.body)),
  )

  const unpackedSize = (chainIds: ReadonlyArray<string>, at: number | 'now') => {
    let total = 0
    for (const chainId of chainIds) {
      const size = queries.snapshotByKey(chainId, at)?.size ?? null
      if (size === null) return null
      total += size
    }
    return total
  }

  app.get('/images', { config: { query: AtQuery } }, async (request, reply) => {
    const as = await asked(engine, request.query)
    if (E.isLeft(as)) return sendProblem(reply, as.left)
    const { at, position } = as.right
    const items = queries.listImages(at).map(view =>
      imageJson(
        view,
        unpackedSize(
          view.target.layers.map(({ chainId }) => chainId),
          at,
        ),
      ),
    )
    return { position, items }
  })

  app.get('/images/*', { config: { query: AtQuery } }, async (request, reply) => {
    const path = (request.params as { '*': string })['*']
    const isHistory = path.endsWith('/history')
    const reference = isHistory ? path.slice(0, -'/history'.length) : path
    if (isHistory) {
      const found = findImage(engine, reference, 'now')
      const name = nameOf(reference)
      const subject = E.isRight(found) ? (found.right.name as ImageName) : E.isRight(name) ? name.right : null
      if (subject === null) return sendProblem(reply, (found as E.Left<never>).left)
      return sendHistory(engine, request, reply, await imageHistory(engine, defaultNamespace, subject), {
        reason: 'image-not-found',
        image: reference,
      })
    }
    const as = await asked(engine, request.query)
    if (E.isLeft(as)) return sendProblem(reply, as.left)
    const { at, position } = as.right
    const found = findImage(engine, reference, at)
    if (E.isLeft(found)) return sendProblem(reply, found.left)
    const chainIds = found.right.target.layers.map(({ chainId }) => chainId)
    return { ...imageJson(found.right, unpackedSize(chainIds, at)), position }
  })
}
