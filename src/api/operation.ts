import * as E from 'fp-ts/lib/Either.js'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { DomainEvent } from '../domain/events/catalogue.ts'
import type { Context } from '../domain/kernel/context.ts'
import type { Handle } from '../domain/kernel/handle.ts'
import type { Position, Recorded, StreamName } from '../domain/kernel/store.ts'
import type { CommandName, Outcome, Subject, Until } from '../domain/processes/operation.ts'
import { needsRoom } from '../domain/processes/operation.ts'
import { caughtUp } from './at.ts'
import { contextOf, keyOf, whenGone, waitOf } from './context.ts'
import type { Engine } from './engine.ts'
import { fingerprintOf, onceByKey } from './idempotency.ts'
import { adviceOn, inOrder, operationJson, standingOf } from './operation-json.ts'
import type { Begun } from './operation-json.ts'
import { begunInLog, mayBegin, pastOf } from './operation-log.ts'
import { sendProblem } from './problem.ts'
import type { ApiError } from './problem.ts'

type Past = ReadonlyArray<Recorded<DomainEvent>>

/** What a component answered: what it recorded; or, where that was nothing, what is so already. */
type Given = Readonly<{ events: Past; position: Position; settled: Outcome | null }>

/** A command, made out and ready to be given. */
export type Plan = Readonly<{
  subject: Subject
  stream: StreamName
  /** What a container's id is called by whoever asked. */
  called?: Readonly<{ id: string; as: string }>
  give: (context: Context) => Promise<E.Either<ApiError, Given>>
}>

/**
 * Gives a command to its component. `settled` tells from the state what is so already where nothing was recorded; null:
 * it is on its way by an earlier wish, and its end is worth waiting for.
 */
export const giving =
  <Command, State, Event extends DomainEvent, Rejection extends ApiError>(
    handle: Handle<Command, State, Event, Rejection>,
    stream: StreamName,
    command: Command,
    settled: (state: State) => Outcome | null,
  ): Plan['give'] =>
  async context => {
    const handled = await handle(stream, command, context)()
    if (E.isLeft(handled)) return E.left(handled.left as ApiError)
    const { events, position, state } = handled.right
    return E.right({ events, position, settled: events.length === 0 ? settled(state) : null })
  }

export type Operate = (
  request: FastifyRequest,
  reply: FastifyReply,
  command: CommandName,
  plan: (context: Context) => Promise<E.Either<ApiError, Plan>>,
  until?: Until,
) => Promise<FastifyReply>

/**
 * Answers a command with its operation: at once, or when it is over, if the client is ready to wait that long. The end
 * is heard of as it is recorded; nobody polls. A key that was given before is answered with its operation, before
 * anything else is looked at.
 */
export const operator = (engine: Engine): Operate => {
  const once = onceByKey<Begun>()

  const knownToLog = async (key: string, command: CommandName): Promise<E.Either<ApiError, Begun> | null> => {
    await caughtUp(engine)
    if (engine.queries.eventsOfOperation(key).length === 0) return null
    const begun = await begunInLog(engine, key)
    return E.isLeft(begun) || mayBegin(command, begun.right)
      ? begun
      : E.left({ reason: 'idempotency-key-reused', key })
  }

  return async (request, reply, command, plan, until = 'started') => {
    const key = keyOf(request)
    if (E.isLeft(key)) return sendProblem(reply, key.left)
    const context = contextOf(engine, request)
    const id = context.correlationId

    using ear = listener(engine, id)
    let past: Past | null = null
    let called: Plan['called']
    const first = async (): Promise<E.Either<ApiError, Begun>> => {
      const full = needsRoom.has(command) ? engine.outOfRoom() : null
      if (full !== null) return E.left({ reason: 'no-room', command, directory: full })
      const planned = await plan(context)
      if (E.isLeft(planned)) return planned
      const { subject, stream, give } = planned.right
      called = planned.right.called
      ear.turnTo(stream)
      const given = await give(context)
      if (E.isLeft(given)) return given
      const { events, position, settled } = given.right
      past = events
      return E.right({ command, subject, stream, from: events[0]?.position ?? position + 1, settled })
    }
    const begun =
      key.right === null
        ? await first()
        : await once(
            key.right,
            fingerprintOf(command, request.body),
            async () => (await knownToLog(id, command)) ?? first(),
          )
    if (E.isLeft(begun)) return sendProblem(reply, begun.left)

    if (past === null) {
      // Begun by an earlier request: what happened since is in the log, what comes is heard.
      ear.turnTo(begun.right.stream)
      await caughtUp(engine)
      const known = await pastOf(engine, id, begun.right.stream)
      if (E.isLeft(known)) return sendProblem(reply, known.left)
      past = known.right
    }
    const known: Past = past
    const all = () => inOrder(known, ear.heard)
    const isOver = () => standingOf(begun.right, until, all()).standing.status !== 'running'
    const wait = waitOf(request)
    if (wait > 0 && !isOver()) await ear.until(isOver, wait, request)

    const told = all()
    const { standing } = standingOf(begun.right, until, told)
    reply.header('location', `/v1/operations/${encodeURIComponent(id)}`)
    if (standing.status !== 'failed')
      return reply
        .code(standing.status === 'running' ? 202 : 200)
        .send(operationJson(id, begun.right, until, told, engine.log.head()))
    const { problem, failure, exitCode } = standing
    const advice = adviceOn(begun.right, standing)
    const cause = called === undefined ? failure.cause : failure.cause.replaceAll(called.id, called.as)
    return sendProblem(reply, {
      reason: 'operation-failed',
      problem,
      operation: id,
      failure,
      cause,
      exitCode,
      advice,
    })
  }
}

/** Hears of an operation, and of its subject once that is known, until it is disposed of. */
const listener = ({ told }: Pick<Engine, 'told'>, id: string) => {
  const heard: Array<Recorded<DomainEvent>> = []
  let stream: StreamName | null = null
  let onSubject = () => {}
  const subscription = told.subscribe(recorded => {
    if (recorded.stream !== stream && recorded.metadata.$correlationId !== id) return
    heard.push(recorded)
    if (recorded.stream === stream) onSubject()
  })
  return {
    heard,
    turnTo: (subject: StreamName) => {
      stream = subject
    },
    /** Waits until it is so, for the time to pass, or for the client to leave. */
    until: (isSo: () => boolean, ms: number, request: FastifyRequest): Promise<void> =>
      new Promise(resolve => {
        const done = () => {
          clearTimeout(timer)
          forget()
          resolve()
        }
        const timer = setTimeout(done, ms)
        const forget = whenGone(request, done)
        onSubject = () => {
          if (isSo()) done()
        }
      }),
    [Symbol.dispose]: () => subscription.unsubscribe(),
  }
}
