import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { FastifyRequest } from 'fastify'
import * as t from 'io-ts'
import { stopSignal } from '../../domain/bundle/stop-signal.ts'
import { ContainerName } from '../../domain/kernel/identifiers.ts'
import type { ContainerId } from '../../domain/kernel/identifiers.ts'
import { SIGKILL, parseSignal } from '../../domain/kernel/signals.ts'
import type { CommandName, Until } from '../../domain/processes/operation.ts'
import type * as Runtime from '../../domain/runtime/index.ts'
import type { ContainerView } from '../../projections/runtime/containers.ts'
import { caughtUp } from '../at.ts'
import { body, nullable, readBody } from '../body.ts'
import { query } from '../query.ts'
import type { Engine } from '../engine.ts'
import type { Routes } from '../face.ts'
import { findImage } from '../metadata/images.ts'
import { giving } from '../operation.ts'
import type { Plan } from '../operation.ts'
import { sendProblem } from '../problem.ts'
import type { ApiError } from '../problem.ts'
import { CreateContainer, creationOf } from './create.ts'
import { calledAs, findLiving } from './find.ts'
import { inventName } from './names.ts'
import { settledBy } from './settled.ts'

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

export const UntilQuery = query({ until: t.keyof({ started: null, exited: null }, 'started or exited') })

/** Only a start has more than one end that one may wait for. */
const queryOf = (name: CommandName) =>
  name === 'run-container' || name === 'start-container' ? { config: { query: UntilQuery } } : {}

const untilOf = (request: FastifyRequest): Until =>
  (request.query as Readonly<{ until?: Until }>).until ?? 'started'

const signalOf = (text: string): E.Either<ApiError, number> => {
  const signal = parseSignal(text)
  return O.isSome(signal)
    ? E.right(signal.value)
    : E.left({ reason: 'invalid-request', errors: [`signal: there is no signal "${text.slice(0, 64)}"`] })
}

/** Null waits for ever, as docker's -1 does. */
const timeoutOf = (timeout: number | null | undefined): E.Either<ApiError, number | null> => {
  if (timeout === null || timeout === undefined) return E.right(DEFAULT_TIMEOUT_S)
  if (timeout === -1) return E.right(null)
  return Number.isInteger(timeout) && timeout >= 0 && timeout <= LONGEST_TIMEOUT_S
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

type Living = Exclude<Runtime.Ask, { type: 'CreateContainer' }>

/** Body and query of a command as they were sent, checked; what is wrong with them comes before all else. */
type Asking<Asked> = (request: FastifyRequest) => E.Either<ApiError, Asked>

const planCreation =
  (engine: Engine, name: 'create-container' | 'run-container', body: unknown) =>
  async (): Promise<E.Either<ApiError, Plan>> => {
    const asked = readBody(CreateContainer)(body)
    if (E.isLeft(asked)) return asked
    await caughtUp(engine)
    const image = findImage(engine, asked.right.image, 'now')
    if (E.isLeft(image)) return image
    const wanted = asked.right.name ?? null
    const holder = wanted === null ? null : holderOf(engine, wanted)
    if (wanted !== null && holder !== null)
      return E.left({ reason: 'container-name-taken', name: wanted, container: holder })

    const id = `${engine.randomId()}${engine.randomId()}`.replaceAll('-', '') as ContainerId
    const called = wanted ?? freeName(engine)
    const isRun = name === 'run-container'
    const creation = creationOf(asked.right, image.right, id, called, isRun, engine.recordEnv)
    if (E.isLeft(creation)) return creation
    const { command, environment } = creation.right
    if (environment.length > 0) {
      const kept = await engine.keepEnvironment(id, environment)
      if (E.isLeft(kept)) return E.left({ reason: 'store-unavailable', cause: kept.left.cause })
    }
    const stream = engine.streams.container(command.namespace, id)
    return E.right({
      subject: { kind: 'container', id, name: called },
      stream,
      called: { id, as: called },
      give: giving(engine.container, stream, command, () => ({ container: id })),
    })
  }

/** A command to a container that is there. */
const planFor = async (
  engine: Engine,
  reference: string,
  until: Until,
  commandFor: (view: ContainerView) => E.Either<ApiError, Living>,
): Promise<E.Either<ApiError, Plan>> => {
  const found = await findLiving(engine, reference)
  if (E.isLeft(found)) return found
  const command = commandFor(found.right)
  if (E.isLeft(command)) return command
  const { id, namespace, name } = found.right
  const stream = engine.streams.container(namespace, id)
  const give = giving(engine.container, stream, command.right, settledBy(command.right.type, until))
  return E.right({
    subject: { kind: 'container', id, name },
    stream,
    called: { id, as: reference },
    give: async context => pipe(await give(context), E.mapLeft(calledAs(reference, id))),
  })
}

const stopping =
  (type: 'StopContainer' | 'RestartContainer'): Asking<readonly [string, (view: ContainerView) => Living]> =>
  request => {
    const asked = readBody(StopContainer)(request.body)
    if (E.isLeft(asked)) return asked
    const timeout = timeoutOf(asked.right.timeout)
    if (E.isLeft(timeout)) return timeout
    const given = asked.right.signal ?? null
    const signal = given === null ? E.right(null) : signalOf(given)
    if (E.isLeft(signal)) return signal
    const command = ({ id, options, defaults }: ContainerView): Living => ({
      type,
      container: id,
      signal: signal.right ?? stopSignal(options.stopSignal, defaults.stopSignal),
      timeout: timeout.right,
    })
    return E.right([asked.right.container, command])
  }

const simple =
  (
    codec: typeof StartContainer,
    type: 'StartContainer' | 'PauseContainer' | 'UnpauseContainer',
  ): Asking<readonly [string, (view: ContainerView) => Living]> =>
  request =>
    pipe(
      readBody(codec)(request.body),
      E.map(({ container }) => [container, ({ id }: ContainerView): Living => ({ type, container: id })]),
    )

const killing: Asking<readonly [string, (view: ContainerView) => Living]> = request => {
  const asked = readBody(KillContainer)(request.body)
  if (E.isLeft(asked)) return asked
  const given = asked.right.signal ?? null
  const signal = given === null ? E.right(SIGKILL) : signalOf(given)
  if (E.isLeft(signal)) return signal
  const command = ({ id }: ContainerView): Living => ({
    type: 'SignalContainer',
    container: id,
    signal: signal.right,
  })
  return E.right([asked.right.container, command])
}

const removing: Asking<readonly [string, (view: ContainerView) => Living]> = request =>
  pipe(
    readBody(RemoveContainer)(request.body),
    E.map(({ container, force = false }) => [
      container,
      ({ id }: ContainerView): Living => ({ type: 'RemoveContainer', container: id, force }),
    ]),
  )

export const containerCommands: Routes = async (app, { engine, operate }) => {
  for (const name of ['create-container', 'run-container'] as const)
    app.post(`/commands/${name}`, queryOf(name), (request, reply) =>
      operate(request, reply, name, planCreation(engine, name, request.body), untilOf(request)),
    )

  const commands = {
    'start-container': simple(StartContainer, 'StartContainer'),
    'stop-container': stopping('StopContainer'),
    'restart-container': stopping('RestartContainer'),
    'kill-container': killing,
    'pause-container': simple(PauseContainer, 'PauseContainer'),
    'unpause-container': simple(PauseContainer, 'UnpauseContainer'),
    'remove-container': removing,
  } as const
  for (const [name, asking] of Object.entries(commands) as ReadonlyArray<
    [keyof typeof commands, (typeof commands)[keyof typeof commands]]
  >)
    app.post(`/commands/${name}`, queryOf(name), async (request, reply) => {
      const until = untilOf(request)
      const asked = asking(request)
      if (E.isLeft(asked)) return sendProblem(reply, asked.left)
      const [reference, command] = asked.right
      const plan = () => planFor(engine, reference, until, view => E.right(command(view)))
      return operate(request, reply, name, plan, until)
    })

  app.post('/commands/rename-container', async (request, reply) => {
    const asked = readBody(RenameContainer)(request.body)
    if (E.isLeft(asked)) return sendProblem(reply, asked.left)
    const { container: reference, name } = asked.right
    const plan = () =>
      planFor(engine, reference, 'started', ({ id }) => {
        const holder = holderOf(engine, name)
        return holder === null || holder === id
          ? E.right({ type: 'RenameContainer', container: id, name })
          : E.left({ reason: 'container-name-taken', name, container: holder })
      })
    return operate(request, reply, 'rename-container', plan)
  })
}
