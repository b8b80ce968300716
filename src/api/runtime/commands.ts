import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import * as t from 'io-ts'
import { stopSignal } from '../../domain/bundle/stop-signal.ts'
import { ContainerName } from '../../domain/kernel/identifiers.ts'
import type { ContainerId } from '../../domain/kernel/identifiers.ts'
import { SIGKILL, parseSignal } from '../../domain/kernel/signals.ts'
import type { CommandName, Until } from '../../domain/processes/operation.ts'
import type * as Runtime from '../../domain/runtime/index.ts'
import type { ContainerView } from '../../projections/runtime/containers.ts'
import { body, nullable, readBody } from '../body.ts'
import type { Engine } from '../engine.ts'
import { findImage } from '../metadata/images.ts'
import { operate } from '../operation.ts'
import { sendProblem } from '../problem.ts'
import type { ApiError } from '../problem.ts'
import { CreateContainer, creationOf } from './create.ts'
import { findLiving } from './find.ts'
import { inventName } from './names.ts'

const container = { container: t.string }
export const StartContainer = body('StartContainer', container, {})
export const StopContainer = body('StopContainer', container, {
  timeout: nullable(t.number),
  signal: nullable(t.string),
})
export const KillContainer = body('KillContainer', container, { signal: nullable(t.string) })
export const PauseContainer = body('PauseContainer', container, {})
export const RenameContainer = body('RenameContainer', { ...container, name: ContainerName }, {})
export const RemoveContainer = body('RemoveContainer', container, { force: t.boolean })

/** docker's: how long a container may take to stop. */
const DEFAULT_TIMEOUT_S = 10
const LONGEST_TIMEOUT_S = 86_400

const untilOf = (request: FastifyRequest): E.Either<ApiError, Until> => {
  const { until = 'started' } = request.query as { until?: string }
  return until === 'started' || until === 'exited'
    ? E.right(until)
    : E.left({ reason: 'invalid-request', errors: [`until: expected started or exited, got "${until}"`] })
}

const signalOf = (text: string): E.Either<ApiError, number> => {
  const signal = parseSignal(text)
  return O.isSome(signal)
    ? E.right(signal.value)
    : E.left({ reason: 'invalid-request', errors: [`signal: there is no signal "${text}"`] })
}

/** Null waits for ever, as docker's -1 does. */
const timeoutOf = (timeout: number | null | undefined): E.Either<ApiError, number | null> => {
  if (timeout === null || timeout === undefined) return E.right(DEFAULT_TIMEOUT_S)
  if (timeout === -1) return E.right(null)
  return timeout >= 0 && timeout <= LONGEST_TIMEOUT_S
    ? E.right(timeout)
    : E.left({
        reason: 'invalid-request',
        errors: [`timeout: expected seconds from 0 to ${LONGEST_TIMEOUT_S}, or -1 for ever, got ${timeout}`],
      })
}

/** The names that live containers have now; who has one for certain is decided when it is reserved. */
const holderOf = ({ queries }: Engine, name: string): ContainerId | null => {
  const found = queries.containerByReference(name, 'now')
  return found.kind === 'found' && found.found.name === name && found.found.status !== 'removed'
    ? found.found.id
    : null
}

const freeName = (engine: Engine): ContainerName => {
  for (let attempt = 0; ; attempt++) {
    const name = inventName(engine.randomId().replaceAll('-', ''), attempt)
    if (holderOf(engine, name) === null) return name
  }
}

type Living = Extract<Runtime.Ask, { type: Exclude<Runtime.Ask['type'], 'CreateContainer'> }>

export const containerCommands: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  const create = (name: 'create-container' | 'run-container') => async (request: FastifyRequest, reply: FastifyReply) => {
    const asked = readBody(CreateContainer)(request.body)
    if (E.isLeft(asked)) return sendProblem(reply, asked.left)
    const until = untilOf(request)
    if (E.isLeft(until)) return sendProblem(reply, until.left)
    await engine.waitFor(engine.log.head(), 1_000)
    const image = findImage(engine, asked.right.image, 'now')
    if (E.isLeft(image)) return sendProblem(reply, image.left)
    const wanted = asked.right.name ?? null
    const holder = wanted === null ? null : holderOf(engine, wanted)
    if (wanted !== null && holder !== null)
      return sendProblem(reply, { reason: 'container-name-taken', name: wanted, container: holder })

    const id = `${engine.randomId()}${engine.randomId()}`.replaceAll('-', '') as ContainerId
    const called = wanted ?? freeName(engine)
    const creation = creationOf(asked.right, image.right, id, called, name === 'run-container')
    if (E.isLeft(creation)) return sendProblem(reply, creation.left)
    const { command, environment } = creation.right
    if (environment.length > 0) {
      const kept = await engine.keepEnvironment(id, environment)
      if (E.isLeft(kept))
        return sendProblem(reply, { reason: 'store-unavailable', cause: kept.left.cause })
    }
    return operate(engine, request, reply, {
      name,
      subject: { kind: 'container', id, name: called },
      stream: engine.streams.container(command.namespace, id),
      handle: engine.container,
      command,
      until: until.right,
    })
  }

  app.post('/commands/create-container', create('create-container'))
  app.post('/commands/run-container', create('run-container'))

  /** The rest is asked of a container that is there. */
  const ask = async (
    request: FastifyRequest,
    reply: FastifyReply,
    name: CommandName,
    reference: string,
    command: (view: ContainerView) => Living,
  ) => {
    const until = untilOf(request)
    if (E.isLeft(until)) return sendProblem(reply, until.left)
    const found = await findLiving(engine, reference)
    if (E.isLeft(found)) return sendProblem(reply, found.left)
    const { id, namespace, name: called } = found.right
    return operate(engine, request, reply, {
      name,
      subject: { kind: 'container', id, name: called },
      stream: engine.streams.container(namespace, id),
      handle: engine.container,
      command: command(found.right),
      until: until.right,
      otherwise: { container: id },
    })
  }

  const simple = [
    ['start-container', StartContainer, 'StartContainer'],
    ['pause-container', PauseContainer, 'PauseContainer'],
    ['unpause-container', PauseContainer, 'UnpauseContainer'],
  ] as const
  for (const [name, codec, type] of simple)
    app.post(`/commands/${name}`, async (request, reply) => {
      const asked = readBody(codec)(request.body)
      if (E.isLeft(asked)) return sendProblem(reply, asked.left)
      return ask(request, reply, name, asked.right.container, ({ id }) => ({ type, container: id }))
    })

  for (const [name, type] of [
    ['stop-container', 'StopContainer'],
    ['restart-container', 'RestartContainer'],
  ] as const)
    app.post(`/commands/${name}`, async (request, reply) => {
      const asked = readBody(StopContainer)(request.body)
      if (E.isLeft(asked)) return sendProblem(reply, asked.left)
      const timeout = timeoutOf(asked.right.timeout)
      if (E.isLeft(timeout)) return sendProblem(reply, timeout.left)
      const given = asked.right.signal ?? null
      const signal = given === null ? E.right(null) : signalOf(given)
      if (E.isLeft(signal)) return sendProblem(reply, signal.left)
      return ask(request, reply, name, asked.right.container, ({ id, options, defaults }) => ({
        type,
        container: id,
        signal: signal.right ?? stopSignal(options.stopSignal, defaults.stopSignal),
        timeout: timeout.right,
      }))
    })

  app.post('/commands/kill-container', async (request, reply) => {
    const asked = readBody(KillContainer)(request.body)
    if (E.isLeft(asked)) return sendProblem(reply, asked.left)
    const given = asked.right.signal ?? null
    const signal = given === null ? E.right(SIGKILL) : signalOf(given)
    if (E.isLeft(signal)) return sendProblem(reply, signal.left)
    return ask(request, reply, 'kill-container', asked.right.container, ({ id }) => ({
      type: 'SignalContainer',
      container: id,
      signal: signal.right,
    }))
  })

  app.post('/commands/rename-container', async (request, reply) => {
    const asked = readBody(RenameContainer)(request.body)
    if (E.isLeft(asked)) return sendProblem(reply, asked.left)
    const { container: reference, name } = asked.right
    const found = await findLiving(engine, reference)
    const holder = holderOf(engine, name)
    if (E.isRight(found) && holder !== null && holder !== found.right.id)
      return sendProblem(reply, { reason: 'container-name-taken', name, container: holder })
    return ask(request, reply, 'rename-container', reference, ({ id }) => ({
      type: 'RenameContainer',
      container: id,
      name,
    }))
  })

  app.post('/commands/remove-container', async (request, reply) => {
    const asked = readBody(RemoveContainer)(request.body)
    if (E.isLeft(asked)) return sendProblem(reply, asked.left)
    return ask(request, reply, 'remove-container', asked.right.container, ({ id }) => ({
      type: 'RemoveContainer',
      container: id,
      force: asked.right.force ?? false,
    }))
  })
}
