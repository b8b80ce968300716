import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { filter, firstValueFrom, from, fromEvent, map, merge, takeUntil } from 'rxjs'
import { askedEnvironment, checkedArgs, recordedEnvironment } from '../../domain/bundle/environment.ts'
import { parseUser } from '../../domain/bundle/user.ts'
import { workingDirectory } from '../../domain/bundle/working-directory.ts'
import { ConsoleSize } from '../../domain/kernel/container-options.ts'
import type { ExecId } from '../../domain/kernel/identifiers.ts'
import type { ExecView } from '../../projections/executor/execs.ts'
import { AtQuery, asked, caughtUp } from '../at.ts'
import { body, nullable, readBody } from '../body.ts'
import type { Engine } from '../engine.ts'
import { goneSignal, passOn, sendOutput } from '../frames.ts'
import type { Routes } from '../face.ts'
import { fitting } from '../history-size.ts'
import { giving } from '../operation.ts'
import type { Plan } from '../operation.ts'
import { sendProblem } from '../problem.ts'
import { Flag, query } from '../query.ts'
import type { ApiError } from '../problem.ts'
import { checkedSize, readSize } from '../console-size.ts'
import type { End } from '../runtime/end.ts'
import { findLiving } from '../runtime/find.ts'

const strings = t.readonlyArray(t.string)

export const ExecContainer = body(
  'ExecContainer',
  { container: t.string, args: strings },
  {
    env: strings,
    user: nullable(t.string),
    workingDir: nullable(t.string),
    terminal: t.boolean,
    stdin: t.boolean,
    consoleSize: nullable(ConsoleSize),
  },
)

type Params = { Params: { exec: string } }

const planExec = (engine: Engine, body: unknown) => async (): Promise<E.Either<ApiError, Plan>> => {
  const wanted = readBody(ExecContainer)(body)
  if (E.isLeft(wanted)) return wanted
  const { container, args, env = [], user = null, workingDir = null, ...rest } = wanted.right
  for (const check of [
    checkedArgs(args),
    askedEnvironment(env, 'env'),
    parseUser(user ?? ''),
    workingDirectory(workingDir, ''),
    checkedSize(rest.consoleSize ?? null),
  ])
    if (E.isLeft(check)) return check
  const found = await findLiving(engine, container)
  if (E.isLeft(found)) return found
  const { id, namespace, status } = found.right
  if (status === 'paused') return E.left({ reason: 'container-paused', container })
  if (status !== 'running') return E.left({ reason: 'container-not-running', container })

  const exec = `${engine.randomId()}${engine.randomId()}`.replaceAll('-', '') as ExecId
  const stream = engine.streams.exec(namespace, exec)
  const command = {
    type: 'StartExec',
    exec,
    container: id,
    namespace,
    args,
    environment: recordedEnvironment(env, engine.recordEnv),
    user,
    workingDir,
    terminal: rest.terminal ?? false,
    stdin: rest.stdin ?? false,
    consoleSize: rest.consoleSize ?? null,
  } as const
  const fits = fitting(command)
  if (E.isLeft(fits)) return fits
  engine.keepExecEnvironment(exec, env)
  return E.right({
    subject: { kind: 'exec', id: exec },
    stream,
    called: { id, as: container },
    give: giving(engine.exec, stream, command, () => ({ exec, container: id })),
  })
}

/** `follow` says nothing new: the output of a process is followed to its end in any case. */
export const ExecOutputQuery = query({ follow: Flag })

export const execRoutes: Routes = async (app, { engine, operate }) => {
  app.post('/commands/exec-container', async (request, reply) =>
    operate(request, reply, 'exec-container', planExec(engine, request.body)),
  )

  const find = async (exec: string): Promise<ExecView | null> => {
    await caughtUp(engine)
    return engine.queries.execById(exec, 'now')
  }

  app.get<Params>('/execs/:exec', { config: { query: AtQuery } }, async (request, reply) => {
    const as = await asked(engine, request.query)
    if (E.isLeft(as)) return sendProblem(reply, as.left)
    const { exec } = request.params
    return (
      engine.queries.execById(exec, as.right.at) ?? sendProblem(reply, { reason: 'exec-not-found', exec })
    )
  })

  app.get<Params>('/execs/:exec/wait', async (request, reply) => {
    const { exec } = request.params
    if ((await find(exec)) === null) return sendProblem(reply, { reason: 'exec-not-found', exec })
    return waitForExec(engine, exec as ExecId, goneSignal(request, reply))
  })

  app.get<Params>('/execs/:exec/output', { config: { query: ExecOutputQuery } }, async (request, reply) => {
    const { exec } = request.params
    const view = await find(exec)
    if (view === null) return sendProblem(reply, { reason: 'exec-not-found', exec })
    const output = engine.execOutput(view, goneSignal(request, reply))
    if (output === null) return sendProblem(reply, { reason: 'output-not-kept', container: exec })
    return sendOutput(reply, output, { isRaw: view.terminal, timestamps: false, wanted: () => true })
  })

  app.post<Params>('/execs/:exec/input', async (request, reply) => {
    const { exec } = request.params
    const view = await find(exec)
    if (view === null) return sendProblem(reply, { reason: 'exec-not-found', exec })
    const input = engine.execInput(view)
    if (E.isLeft(input))
      return sendProblem(reply, { reason: 'input-closed', container: exec, cause: input.left.cause })
    await passOn(request, input.right)
    return reply.code(204).send()
  })

  app.post<Params>('/execs/:exec/resize', async (request, reply) => {
    const size = readSize(request.body)
    if (E.isLeft(size)) return sendProblem(reply, size.left)
    const { exec } = request.params
    const view = await find(exec)
    if (view === null) return sendProblem(reply, { reason: 'exec-not-found', exec })
    engine.resizeExec(view, size.right)
    return reply.code(204).send()
  })
}

const noCode = { exitCode: null, signal: null, oomKilled: false, exitedAt: null, lost: null } as const

/** Waits for the end of a process. Null: the client went away. */
const waitForExec = (engine: Engine, exec: ExecId, signal: AbortSignal): Promise<End | null> => {
  const told = engine.told.pipe(
    filter(({ event }) => 'exec' in event && event.exec === exec),
    map(({ event }): End | null => {
      switch (event.type) {
        case 'ExecExited': {
          const { exitCode, signal, exitedAt } = event
          return { exitCode, signal, oomKilled: false, exitedAt, lost: null }
        }
        case 'ExecStartFailed':
          return { ...noCode, exitCode: event.exitCode }
        case 'ExecLost':
          return { ...noCode, lost: event.because }
        default:
          return null
      }
    }),
  )
  const known = from(engine.waitFor(engine.log.head(), 2_000)).pipe(
    map((): End | null => {
      const view = engine.queries.execById(exec, 'now')
      if (view === null || view.status === 'starting' || view.status === 'running') return null
      const { exitCode, signal, endedAt: exitedAt, lost } = view
      return { exitCode, signal, oomKilled: false, exitedAt, lost }
    }),
  )
  return firstValueFrom(
    merge(told, known).pipe(
      filter((end): end is End => end !== null),
      takeUntil(fromEvent(signal, 'abort')),
    ),
    { defaultValue: null },
  )
}
