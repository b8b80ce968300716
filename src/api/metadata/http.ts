import * as E from 'fp-ts/lib/Either.js'
import type { FastifyPluginAsync } from 'fastify'
import * as t from 'io-ts'
import { body, readBody } from '../body.ts'
import type { Engine } from '../engine.ts'
import { operate } from '../operation.ts'
import { sendProblem } from '../problem.ts'
import { asked } from '../at.ts'
import { sendHistory } from '../events/history.ts'
import { defaultNamespace, findImage, imageJson, nameOf } from './images.ts'

export const TagImage = body('TagImage', { source: t.string, target: t.string }, {})
export const RemoveImage = body('RemoveImage', { image: t.string }, { force: t.boolean })

export const imageRoutes: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  const { queries, streams } = engine

  app.post('/commands/tag-image', async (request, reply) => {
    const asked = readBody(TagImage)(request.body)
    if (E.isLeft(asked)) return sendProblem(reply, asked.left)
    const name = nameOf(asked.right.target)
    if (E.isLeft(name)) return sendProblem(reply, name.left)
    const found = findImage(engine, asked.right.source, 'now')
    if (E.isLeft(found)) return sendProblem(reply, found.left)
    return operate(engine, request, reply, {
      name: 'tag-image',
      subject: { kind: 'image', id: name.right, name: name.right },
      stream: streams.image(defaultNamespace, name.right),
      handle: engine.image,
      command: {
        type: 'TagImage',
        namespace: defaultNamespace,
        name: name.right,
        target: found.right.target,
        from: found.right.name as typeof name.right,
      },
      otherwise: { name: name.right },
    })
  })

  app.post('/commands/remove-image', async (request, reply) => {
    const asked = readBody(RemoveImage)(request.body)
    if (E.isLeft(asked)) return sendProblem(reply, asked.left)
    const found = findImage(engine, asked.right.image, 'now')
    if (E.isLeft(found)) return sendProblem(reply, found.left)
    const { namespace, id } = found.right
    const name = found.right.name as never
    const users = queries.containersUsing(id)
    const isLastName = queries.listImages('now').filter(image => image.id === id).length === 1
    if (asked.right.force !== true && isLastName && users.length > 0)
      return sendProblem(reply, {
        reason: 'image-in-use',
        image: asked.right.image,
        containers: users.map(({ name }) => name),
      })
    return operate(engine, request, reply, {
      name: 'remove-image',
      subject: { kind: 'image', id: name, name },
      stream: streams.image(namespace, name),
      handle: engine.image,
      command: { type: 'RemoveImage', namespace, name },
    })
  })

  const unpackedSize = (chainIds: ReadonlyArray<string>, at: number | 'now') => {
    let total = 0
    for (const chainId of chainIds) {
      const size = queries.snapshotByKey(chainId, at)?.size ?? null
      if (size === null) return null
      total += size
    }
    return total
  }

  app.get('/images', async (request, reply) => {
    const as = await asked(engine, request.query)
    if (E.isLeft(as)) return sendProblem(reply, as.left)
    const { at, position } = as.right
    const items = queries
      .listImages(at)
      .map(view => imageJson(view, unpackedSize(view.target.layers.map(({ chainId }) => chainId), at)))
    return { position, items }
  })

  app.get('/images/*', async (request, reply) => {
    const path = (request.params as { '*': string })['*']
    const isHistory = path.endsWith('/history')
    const reference = isHistory ? path.slice(0, -'/history'.length) : path
    if (isHistory) {
      const found = findImage(engine, reference, 'now')
      const name = nameOf(reference)
      const subject = E.isRight(found) ? found.right.name : E.isRight(name) ? name.right : null
      if (subject === null) return sendProblem(reply, (found as E.Left<never>).left)
      return sendHistory(engine, request, reply, [streams.image(defaultNamespace, subject as never)], {
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
