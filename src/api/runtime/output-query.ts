import * as E from 'fp-ts/lib/Either.js'
import type { FastifyRequest } from 'fastify'
import * as t from 'io-ts'
import { parseMoment } from '../../domain/events/moment.ts'
import { decode } from '../../domain/kernel/decode.ts'
import { checkedStretch, positionOf } from '../at.ts'
import type { Engine, OutputQuery as Wanted } from '../engine.ts'
import type { ApiError } from '../problem.ts'
import { Flag, query } from '../query.ts'

const isLines = (text: string) => /^(?:all|[0-9]{1,9})$/.test(text)

export const OutputQuery = query({
  follow: Flag,
  stdout: Flag,
  stderr: Flag,
  timestamps: Flag,
  since: t.string,
  until: t.string,
  tail: t.refinement(t.string, isLines, 'a number of lines, or all'),
})

type Asked = Omit<Wanted, 'signal' | 'over'> &
  Readonly<{ stdout: boolean; stderr: boolean; timestamps: boolean }>

/** What a request for output wants of it. A moment of the history means the time when that happened. */
export const outputQuery = async (
  engine: Engine,
  request: FastifyRequest,
): Promise<E.Either<ApiError, Asked>> => {
  const asked = decode(OutputQuery)(request.query)
  if (E.isLeft(asked)) return asked
  const { follow = false, stdout = true, stderr = true, timestamps = false, tail = 'all' } = asked.right
  if (!stdout && !stderr)
    return E.left({ reason: 'invalid-request', errors: ['stdout, stderr: at least one must be wanted'] })
  const stretch = await checkedStretch(engine, asked.right.since, asked.right.until)
  if (E.isLeft(stretch)) return stretch
  const since = await timeOf(engine, asked.right.since)
  if (E.isLeft(since)) return since
  const until = await timeOf(engine, asked.right.until)
  if (E.isLeft(until)) return until
  return E.right({
    follow,
    stdout,
    stderr,
    timestamps,
    since: since.right,
    until: until.right,
    tail: tail === 'all' ? null : Number(tail),
  })
}

const timeOf = async (engine: Engine, text: string | undefined): Promise<E.Either<ApiError, Date | null>> => {
  if (text === undefined) return E.right(null)
  const moment = parseMoment(text, engine.clock())
  if (E.isLeft(moment)) return moment
  if (moment.right.kind === 'time') return E.right(moment.right.time)
  if (moment.right.kind === 'now') return E.right(engine.clock())
  const position = await positionOf(engine, text)
  if (E.isLeft(position)) return position
  const read = { from: position.right - 1, direction: 'forwards', limit: 1, categories: null } as const
  const events = await engine.log.read(read)()
  if (E.isLeft(events)) return events
  const [recorded] = events.right
  return E.right(recorded === undefined ? null : new Date(recorded.metadata.occurredAt))
}
