import * as E from 'fp-ts/lib/Either.js'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Subscription } from 'rxjs'
import type { DomainEvent } from '../domain/events/catalogue.ts'
import type { Context } from '../domain/kernel/context.ts'
import type { Handle, HandleError } from '../domain/kernel/handle.ts'
import type { Recorded, StreamName } from '../domain/kernel/store.ts'
import { commandOf, progress, subjectOf } from '../domain/processes/operation.ts'
import type { CommandName, Progress, Subject, Until } from '../domain/processes/operation.ts'
import { contextOf, isKey, waitOf } from './context.ts'
import type { Engine } from './engine.ts'
import { eventJson } from './events/json.ts'
import { sendProblem } from './problem.ts'
import type { ApiError } from './problem.ts'

type Begun<Command, State, Event extends DomainEvent, Rejection extends ApiError> = Readonly<{
  name: CommandName
  subject: Subject
  stream: StreamName
  handle: Handle<Command, State, Event, Rejection>
  command: Command
  until?: Until
  /** Done when nothing was recorded because all is so already. */
  otherwise?: Readonly<Record<string, unknown>>
}>

const running = { status: 'running' } as const satisfies Progress

/** Time for the read models to have seen what was just recorded, so that clients read their own writes. */
const READ_OWN_WRITES_MS = 2_000

/**
 * Gives a command to its component, and answers with the operation: at once, or when it is over, if the client is ready
 * to wait that long. The end is heard of as it is recorded; nobody polls.
 */
export const operate = async <Command, State, Event extends DomainEvent, Rejection extends ApiError>(
  engine: Engine,
  request: FastifyRequest,
  reply: FastifyReply,
  { name, subject, stream, handle, command, until = 'started', otherwise = {} }: Begun<Command, State, Event, Rejection>,
  context: Context = contextOf(engine, request),
): Promise<FastifyReply> => {
  const before = await repeated(engine, request, name)
  if (before !== null)
    return E.isLeft(before) ? sendProblem(reply, before.left) : reply.send(before.right)

  const heard: Array<Recorded<DomainEvent>> = []
  const ended = Promise.withResolvers<void>()
  let state: Progress = running
  let from = Number.POSITIVE_INFINITY
  const consider = (recorded: Recorded<DomainEvent>) => {
    if (recorded.position < from || state.status !== 'running') return
    state = progress(name, until, state, recorded.event)
    if (state.status !== 'running') ended.resolve()
  }
  const subscription: Subscription = engine.told.subscribe(recorded => {
    if (recorded.stream !== stream && recorded.metadata.$correlationId !== context.correlationId) return
    heard.push(recorded)
    if (recorded.stream === stream) consider(recorded)
  })

  try {
    const handled = await handle(stream, command, context)()
    if (E.isLeft(handled)) return sendProblem(reply, handled.left as Rejection | HandleError)
    const { events, position } = handled.right
    const first = events[0]
    if (first === undefined) state = { status: 'succeeded', outcome: otherwise }
    else {
      from = first.position
      for (const recorded of events) consider(recorded as Recorded<DomainEvent>)
      for (const recorded of heard) if (recorded.stream === stream) consider(recorded)
    }

    const waitMs = waitOf(request)
    if (state.status === 'running' && waitMs > 0) await within(waitMs, ended.promise, request)
    const asOf = Math.max(position, heard.at(-1)?.position ?? 0)
    if (state.status !== 'running') await engine.waitFor(asOf, READ_OWN_WRITES_MS)
    const all = [...new Map([...events, ...heard].map(recorded => [recorded.position, recorded])).values()]
    const mine = all.filter(
      recorded => recorded.metadata.$correlationId === context.correlationId || recorded.stream === stream,
    ) as ReadonlyArray<Recorded<DomainEvent>>
    return answer(reply, context.correlationId, name, subject, state, mine, asOf)
  } finally {
    subscription.unsubscribe()
  }
}

const answer = (
  reply: FastifyReply,
  id: string,
  command: CommandName,
  subject: Subject,
  state: Progress,
  events: ReadonlyArray<Recorded<DomainEvent>>,
  position: number,
): FastifyReply => {
  reply.header('location', `/v1/operations/${encodeURIComponent(id)}`)
  if (state.status === 'failed') {
    const { failure, exitCode } = state
    return sendProblem(reply, { reason: 'operation-failed', operation: id, failure, exitCode })
  }
  return reply
    .code(state.status === 'running' ? 202 : 200)
    .send(operationJson(id, command, subject, state, events, position))
}

const operationJson = (
  id: string,
  command: CommandName,
  subject: Subject,
  state: Progress,
  events: ReadonlyArray<Recorded<DomainEvent>>,
  position: number,
) => ({
  id,
  command,
  status: state.status,
  subject,
  outcome: state.status === 'succeeded' ? state.outcome : null,
  failure: state.status === 'failed' ? state.failure : null,
  exitCode: state.status === 'failed' ? state.exitCode : null,
  startedAt: events[0]?.position ?? null,
  endedAt: state.status === 'running' ? null : (events.at(-1)?.position ?? null),
  events: events.map(eventJson),
  position,
})

/**
 * A key that was given before: its operation is the answer, and nothing is done again. Left: it is no key, or belongs to
 * another command.
 */
const repeated = async (
  engine: Engine,
  request: FastifyRequest,
  name: CommandName,
): Promise<E.Either<ApiError, unknown> | null> => {
  const key = request.headers['idempotency-key']
  if (key === undefined) return null
  if (typeof key !== 'string' || !isKey(key))
    return E.left({
      reason: 'invalid-request',
      errors: ['Idempotency-Key: expected 1 to 128 printable characters without spaces'],
    })
  await engine.waitFor(engine.log.head(), READ_OWN_WRITES_MS)
  const [first] = engine.queries.eventsOfOperation(key)
  if (first === undefined) return null
  return firstEventTypes[name].includes(first.type)
    ? operationById(engine, key, null)
    : E.left({ reason: 'idempotency-key-reused', key })
}

const firstEventTypes: Readonly<Record<CommandName, ReadonlyArray<string>>> = {
  'pull-image': ['ImagePullRequested'],
  'tag-image': ['ImageNamed'],
  'remove-image': ['ImageRemoveRequested'],
  'create-container': ['ContainerCreateRequested'],
  'run-container': ['ContainerCreateRequested'],
  'start-container': ['ContainerStartRequested'],
  'stop-container': ['ContainerStopRequested'],
  'restart-container': ['ContainerStopRequested', 'ContainerStartRequested'],
  'kill-container': ['ContainerSignalRequested'],
  'pause-container': ['ContainerPauseRequested'],
  'unpause-container': ['ContainerUnpauseRequested'],
  'rename-container': ['ContainerRenameRequested'],
  'remove-container': ['ContainerRemoveRequested'],
  'exec-container': ['ExecStartRequested'],
}

/** The operation as the log knows it: its first event says what was asked, its subject's later ones how that ended. */
export const operationById = async (engine: Engine, id: string, at: number | null): Promise<E.Either<ApiError, unknown>> => {
  const moments = engine.queries.eventsOfOperation(id).filter(({ position }) => at === null || position <= at)
  const [first] = moments
  if (first === undefined) return E.left({ reason: 'operation-not-found', operation: id })

  const recorded: Array<Recorded<DomainEvent>> = []
  for (const stream of new Set(moments.map(moment => moment.stream))) {
    const history = await engine.log.load(stream, 0)()
    if (E.isLeft(history)) return history
    recorded.push(...history.right.events.filter(({ position }) => at === null || position <= at))
  }
  const events = recorded.toSorted((a, b) => a.position - b.position)
  const begun = events.find(({ position }) => position === first.position)
  const command = begun === undefined ? null : commandOf(begun.event)
  const subject = begun === undefined ? null : subjectOf(begun.event)
  if (begun === undefined || command === null || subject === null)
    return E.left({ reason: 'operation-not-found', operation: id })

  const state = events
    .filter(({ stream, position }) => stream === begun.stream && position >= begun.position)
    .reduce<Progress>((before, { event }) => progress(command, 'started', before, event), running)
  const own = events.filter(({ metadata }) => metadata.$correlationId === id)
  return E.right(operationJson(id, command, subject, state, own, at ?? engine.asOf()))
}

/** Waits for the end, for the time to pass, or for the client to leave. */
const within = (ms: number, ended: Promise<void>, request: FastifyRequest): Promise<void> =>
  new Promise(resolve => {
    const timer = setTimeout(resolve, ms)
    const leave = () => resolve()
    request.raw.socket.once('close', leave)
    ended.then(resolve).finally(() => {
      clearTimeout(timer)
      request.raw.socket.off('close', leave)
    })
  })
