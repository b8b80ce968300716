import * as E from 'fp-ts/lib/Either.js'
import type { ContainerView } from '../../projections/runtime/containers.ts'
import type { At } from '../../projections/temporal.ts'
import { caughtUp } from '../at.ts'
import type { Engine } from '../engine.ts'
import type { ApiError } from '../problem.ts'

/** A container by id, name, or a prefix of the id that only it has. */
export const findContainer = (
  { queries }: Pick<Engine, 'queries'>,
  reference: string,
  at: At,
): E.Either<ApiError, ContainerView> => {
  const found = queries.containerByReference(reference, at)
  switch (found.kind) {
    case 'found':
      return E.right(found.found)
    case 'ambiguous':
      return E.left({ reason: 'container-ambiguous', container: reference, candidates: found.candidates })
    case 'none':
      return E.left({ reason: 'container-not-found', container: reference })
  }
}

/** One that is still there: what is removed can be read about, and asked nothing. */
export const findLiving = async (
  engine: Pick<Engine, 'queries' | 'waitFor' | 'log'>,
  reference: string,
): Promise<E.Either<ApiError, ContainerView>> => {
  await caughtUp(engine)
  const found = findContainer(engine, reference, 'now')
  if (E.isLeft(found)) return found
  return found.right.status === 'removed'
    ? E.left({ reason: 'container-not-found', container: reference })
    : found
}

/** What is refused about a container is said of it by the name that was asked by. */
export const calledAs =
  (reference: string, id: string) =>
  (error: ApiError): ApiError =>
    'container' in error && error.container === id ? { ...error, container: reference } : error
