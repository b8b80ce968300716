import * as E from 'fp-ts/lib/Either.js'
import type { DomainEvent } from '../../domain/events/catalogue.ts'
import type { ImageName, Namespace } from '../../domain/kernel/identifiers.ts'
import type { Recorded, StreamName } from '../../domain/kernel/store.ts'
import type { Engine } from '../engine.ts'
import { eventsOf } from '../events/history.ts'
import { everyEvent } from '../events/pages.ts'
import { inOrder } from '../operation-json.ts'
import type { ApiError } from '../problem.ts'

type Past = ReadonlyArray<Recorded<DomainEvent>>

/** Everything that happened to an image's name: what it stood for, its pulls (also those that failed), and its uses. */
export const imageHistory = async (
  engine: Engine,
  namespace: Namespace,
  name: ImageName,
): Promise<E.Either<ApiError, Past>> => {
  const { streams } = engine
  const pulls: Array<StreamName> = []
  const uses: Array<Recorded<DomainEvent>> = []
  const asked = await everyEvent(engine, ['pull', 'container'], recorded => {
    const { event, stream } = recorded
    if (event.type === 'ImagePullRequested' && event.name === name) pulls.push(stream)
    if (event.type === 'ContainerCreateRequested' && event.image.name === name) uses.push(recorded)
  })
  if (E.isLeft(asked)) return asked
  const told = await eventsOf(engine, [streams.image(namespace, name), ...pulls])
  return E.isLeft(told) ? told : E.right(inOrder(told.right, uses))
}
