import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import { explained } from '../domain/kernel/decode.ts'
import type { InvalidRequest } from '../domain/kernel/decode.ts'

type Body<R extends t.Props, P extends t.Props> = t.IntersectionC<[t.TypeC<R>, t.PartialC<P>]>

/** What a request's body may be: fields that must be there, and fields that may. */
export const body = <R extends t.Props, P extends t.Props>(
  name: string,
  required: R,
  optional: P,
): Body<R, P> => t.intersection([t.type(required), t.partial(optional)], name)

const fieldsOf = (codec: Body<t.Props, t.Props>): ReadonlyArray<string> =>
  codec.types.flatMap(({ props }) => Object.keys(props))

const MOST_ERRORS = 20
const LONGEST_ERROR = 300

/** Fields whose values may be secrets: what is wrong with them is said without them. */
const secretFields: ReadonlyArray<string> = ['env']

const isSecret = ({ context }: t.ValidationError) => context.some(({ key }) => secretFields.includes(key))

/** Decodes what was sent. However much that was, what is wrong with it fits on a screen, and is said once. */
export const checked =
  <A>(codec: t.Decoder<unknown, A>) =>
  (input: unknown): E.Either<InvalidRequest, A> =>
    pipe(
      codec.decode(input),
      E.mapLeft(errors => ({
        reason: 'invalid-request' as const,
        errors: explained(errors, isSecret)
          .slice(0, MOST_ERRORS)
          .map(error => (error.length > LONGEST_ERROR ? `${error.slice(0, LONGEST_ERROR)}...` : error)),
      })),
    )

/** Reads a body. A field that is not known is refused by name: a wish that is not understood is not ignored. */
export const readBody =
  <R extends t.Props, P extends t.Props>(codec: Body<R, P>) =>
  (input: unknown): E.Either<InvalidRequest, t.TypeOf<Body<R, P>>> => {
    if (typeof input !== 'object' || input === null || Array.isArray(input))
      return E.left({ reason: 'invalid-request', errors: ['body: expected a JSON object'] })
    const known = fieldsOf(codec as unknown as Body<t.Props, t.Props>)
    const unknown = Object.keys(input).filter(field => !known.includes(field))
    if (unknown.length > 0)
      return E.left({
        reason: 'invalid-request',
        errors: unknown
          .slice(0, MOST_ERRORS)
          .map(field => `${field.slice(0, 64)}: there is no such field (there are: ${known.join(', ')})`),
      })
    return checked(codec)(input)
  }

export const nullable = <C extends t.Mixed>(codec: C) => t.union([codec, t.null])
