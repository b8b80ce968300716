import { hash } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import type { ApiError } from './problem.ts'

/** How many keys are remembered together with what they were given for. The log remembers the rest. */
const MOST_KEYS = 4096

/** What a request asks for, in a few bytes. */
export const fingerprintOf = (name: string, body: unknown): string =>
  hash('sha256', JSON.stringify([name, body ?? null]))

type Answer<Result> = Promise<E.Either<ApiError, Result>>

/**
 * Does at most once what is asked for with one key, also while the first is still under way: a repetition gets the same
 * result. What was refused may be asked again, and be granted then.
 */
export const onceByKey = <Result>() => {
  const remembered = new Map<string, Readonly<{ fingerprint: string; answer: Answer<Result> }>>()

  return async (key: string, fingerprint: string, run: () => Answer<Result>): Answer<Result> => {
    const before = remembered.get(key)
    if (before !== undefined)
      return before.fingerprint === fingerprint
        ? before.answer
        : E.left({ reason: 'idempotency-key-reused', key })

    const answer = run()
    remembered.set(key, { fingerprint, answer })
    const [oldest] = remembered.keys()
    if (remembered.size > MOST_KEYS && oldest !== undefined) remembered.delete(oldest)
    try {
      const result = await answer
      if (E.isLeft(result)) remembered.delete(key)
      return result
    } catch (error) {
      remembered.delete(key)
      throw error
    }
  }
}
