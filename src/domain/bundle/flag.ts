import * as E from 'fp-ts/lib/Either.js'
import type { InvalidRequest } from '../kernel/decode.ts'

/** What came of reading a flag's value as people write it. The command line and the API read it alike. */
export type Parsed<A> = E.Either<InvalidRequest, A>

export const parsed = <A>(value: A): Parsed<A> => E.right(value)

/** One sentence that quotes what was given and says what it should have been. */
export const malformed = (error: string): Parsed<never> =>
  E.left({ reason: 'invalid-request', errors: [error] })

/** A value as a message quotes it: one line, not endless. */
export const quoted = (text: string) => JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text)
