import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Config } from './config.ts'
import type { Engine } from './api/engine.ts'
import type { Position } from './domain/kernel/store.ts'
import type { ProjectionReplay } from './projections/replayed.ts'

/** What a thread is told that makes read models again. */
export type ReplayOrder = Readonly<{
  log:
    | Readonly<{ kind: 'sqlite'; path: string }>
    | Readonly<{ kind: 'eventstoredb'; url: string; origin: Readonly<{ node: string; bootId: string }> }>
  models: string
  scratch: string
  projection: string | null
  to: Position | null
}>

/** Replays in a thread of its own, on files beside those in use. Rejects where the log cannot be read. */
export const replayOn =
  ({ values: { log, root, node } }: Config, bootId: string): Engine['replay'] =>
  async (projection, to) => {
    const order: ReplayOrder = {
      log:
        log === 'sqlite'
          ? { kind: 'sqlite', path: join(root, 'log.db') }
          : { kind: 'eventstoredb', url: log, origin: { node, bootId } },
      models: join(root, 'read-models.db'),
      scratch: join(root, `replay-${randomUUID()}.db`),
      projection,
      to,
    }
    const worker = new Worker(new URL('./replay-worker.ts', import.meta.url), {
      name: 'replay',
      workerData: order,
    })
    const [replayed] = (await once(worker, 'message')) as [ReadonlyArray<ProjectionReplay>]
    await worker.terminate()
    return replayed
  }
