import * as E from 'fp-ts/lib/Either.js'
import { openMemoryLog } from '../../src/adapters/events/memory-log.ts'
import { projector } from '../../src/adapters/events/projector.ts'
import { openDatabase } from '../../src/adapters/metadata/database.ts'
import type { DomainEvent } from '../../src/domain/events/catalogue.ts'
import { DomainEvent as Event } from '../../src/domain/events/catalogue.ts'
import { storeOf } from '../../src/domain/kernel/component.ts'
import type { StreamName } from '../../src/domain/kernel/store.ts'
import type { Projection } from '../../src/projections/projection.ts'
import { contextNamed } from './trial-engine.ts'

/** Read models that are told events one by one, and can be asked in between. */
export const readModels = (...projections: ReadonlyArray<Projection>) => {
  const log = openMemoryLog({ node: 'n1', bootId: 'boot-1', clock: () => new Date('2026-11-24T10:00:00Z') })
  const database = openDatabase(':memory:', log)
  const store = storeOf(log, Event)
  const reports: Array<unknown> = []
  const running = projector({
    store,
    models: database,
    projections,
    report: (...said) => void reports.push(said),
  })
  const stopping = new AbortController()
  const ended = running.run(stopping.signal)

  /** Records an event on a stream and returns its position when it was projected. */
  const told = async (stream: StreamName, event: DomainEvent): Promise<number> => {
    const history = await store.load(stream, 0)()
    const revision = E.isRight(history) ? history.right.revision : 0
    const appended = await store.append(stream, revision, [event], contextNamed(`told-${log.head()}`))()
    if (E.isLeft(appended)) throw new Error(appended.left.reason)
    if (!(await running.waitFor(appended.right.position, 2_000))) throw new Error(JSON.stringify(reports))
    return appended.right.position
  }

  return {
    database,
    told,
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await ended
      database[Symbol.dispose]()
    },
  }
}
