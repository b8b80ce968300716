import * as E from 'fp-ts/lib/Either.js'
import type { FastifyRequest } from 'fastify'
import { parseMoment } from '../../domain/events/moment.ts'
import type { Engine, OutputQuery } from '../engine.ts'
import type { ApiError } from '../problem.ts'

type Asked = Omit<OutputQuery, 'signal'> & Readonly<{ stdout: boolean; stderr: boolean; timestamps: boolean }>

const invalid = (error: string): E.Either<ApiError, never> =>
  E.left({ reason: 'invalid-request', errors: [error] })

/** `follow`, `stdout`, `stderr`, `timestamps`, `since`, `until`, `tail` of a request for output. */
export const outputQuery = async (
  engine: Engine,
  request: FastifyRequest,
): Promise<E.Either<ApiError, Asked>> => {
  const query = request.query as Readonly<Record<string, string | undefined>>
  const flag = (name: string, otherwise: boolean) => {
    const text = query[name]
    return text === undefined ? otherwise : !['false', '0', 'no'].includes(text)
  }
  const moment = async (name: string): Promise<E.Either<ApiError, Date | null>> => {
    const text = query[name]
    if (text === undefined || text === '') return E.right(null)
    const parsed = parseMoment(text, engine.clock())
    if (E.isLeft(parsed)) return parsed
    if (parsed.right.kind === 'time') return E.right(parsed.right.time)
    if (parsed.right.kind === 'now') return E.right(engine.clock())
    return invalid(`${name}: output knows times only, got "${text}"`)
  }

  const since = await moment('since')
  if (E.isLeft(since)) return since
  const until = await moment('until')
  if (E.isLeft(until)) return until
  const { tail = 'all' } = query
  if (tail !== 'all' && !/^\d{1,9}$/.test(tail))
    return invalid(`tail: expected a number of lines or "all", got "${tail}"`)
  const wanted = { stdout: flag('stdout', true), stderr: flag('stderr', true) }
  if (!wanted.stdout && !wanted.stderr) return invalid('stdout, stderr: at least one must be wanted')

  return E.right({
    ...wanted,
    follow: flag('follow', false),
    timestamps: flag('timestamps', false),
    since: since.right,
    until: until.right,
    tail: tail === 'all' ? null : Number(tail),
  })
}
