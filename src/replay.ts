import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Projector } from './adapters/events/projector.ts'
import type { Database } from './adapters/metadata/database.ts'
import { adopt, discard } from './adapters/metadata/replay.ts'
import type { Config } from './config.ts'
import type { Engine } from './api/engine.ts'
import type { Position } from './domain/kernel/store.ts'
import type { ProjectionReplay } from './projections/replayed.ts'

/** What a thread is told that makes read models again. */
export type ReplayOrder = Readonly<{
  log:
    | Readonly<{ kind: 'sqlite'; path: string }>
    | Readonly<{ kind: 'eventstoredb'; url: string; origin: Readonly<{ node: string; bootId: string }> }>
  scratch: string
  /** Null: all of them. */
  projection: string | null
  /** The read models in use, and the moment to compare them at; null: those that are made are wanted, and left. */
  compareWith: Readonly<{ models: string; to: Position | null }> | null
}>

type Parts = Readonly<{ config: Config; bootId: string; database: Database; models: Projector }>

/** Reading the log again: to compare, or to begin again. Each in a thread of its own, on a file of its own. */
export const replaying = ({
  config: { values },
  bootId,
  database,
  models,
}: Parts): Pick<Engine, 'replay' | 'rebuild'> => {
  const { log, root, node } = values
  // What is left of a daemon that was killed in the middle.
  for (const path of globSync(join(root, 'replay-*.db'))) discard(path)

  const inThread = async <Answer>(order: Omit<ReplayOrder, 'log'>): Promise<Answer> => {
    const workerData: ReplayOrder = {
      ...order,
      log:
        log === 'sqlite'
          ? { kind: 'sqlite', path: join(root, 'log.db') }
          : { kind: 'eventstoredb', url: log, origin: { node, bootId } },
    }
    const worker = new Worker(new URL('./replay-worker.ts', import.meta.url), { name: 'replay', workerData })
    const [answer] = (await once(worker, 'message')) as [Answer]
    await worker.terminate()
    return answer
  }
  const newFile = () => join(root, `replay-${randomUUID()}.db`)

  return {
    replay: (projection, to) =>
      inThread<ReadonlyArray<ProjectionReplay>>({
        scratch: newFile(),
        projection,
        compareWith: { models: join(root, 'read-models.db'), to },
      }),

    rebuild: async name => {
      const scratch = newFile()
      try {
        const position = await inThread<Position>({ scratch, projection: name, compareWith: null })
        database.beside(scratch, () =>
          models.replace(name, position, projection => adopt(database, projection)),
        )
        return position
      } finally {
        discard(scratch)
      }
    },
  }
}
