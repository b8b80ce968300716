import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { InvalidRequest } from '../domain/kernel/decode.ts'
import { checked } from './body.ts'

/** What a request's query may say; nothing of it must be there. */
export const query = <P extends t.Props>(parameters: P): t.PartialC<P> => t.partial(parameters)

/** For routes that have none. */
export const noQuery = query({})

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route's query may say; nothing where there is none. */
    query?: t.PartialC<t.Props>
  }
}

/** `all=true`, `all=1` or only `all`. */
export const Flag = new t.Type<boolean, string>(
  'true or false',
  t.boolean.is,
  (u, c) => {
    if (u === 'true' || u === '1' || u === '') return t.success(true)
    return u === 'false' || u === '0' ? t.success(false) : t.failure(u, c)
  },
  String,
)

/** Reads a query. A parameter that is not known is refused by name: what is not understood is not ignored. */
export const readQuery =
  <P extends t.Props>(codec: t.PartialC<P>) =>
  (input: unknown): E.Either<InvalidRequest, t.TypeOf<t.PartialC<P>>> => {
    const known = Object.keys(codec.props)
    const unknown = Object.keys(Object(input)).filter(name => !known.includes(name))
    if (unknown.length === 0) return checked(codec)(input)
    const there = known.length === 0 ? 'there are none here' : `there are: ${known.join(', ')}`
    return E.left({
      reason: 'invalid-request',
      errors: unknown.slice(0, 20).map(name => `${name.slice(0, 64)}: there is no such parameter (${there})`),
    })
  }
