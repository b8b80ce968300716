import { parentPort, workerData } from 'node:worker_threads'
import { readSqliteLog } from './adapters/events/sqlite-log.ts'
import { remake, replay } from './adapters/metadata/replay.ts'
import { DomainEvent } from './domain/events/catalogue.ts'
import { allCategories } from './domain/events/streams.ts'
import { storeOf } from './domain/kernel/component.ts'
import type { EventLog } from './domain/kernel/store.ts'
import { projections } from './projections/queries.ts'
import type { ReplayOrder } from './replay.ts'

// A thread of its own: reading a long log again must not keep anybody waiting. Nothing that touches the world is loaded
// here: there are no hands that could do anything a second time.

const { log: wanted, scratch, projection, compareWith } = workerData as ReplayOrder

const openLog = async () => {
  if (wanted.kind === 'sqlite') return readSqliteLog(wanted.path)
  const { openEventStoreDB } = await import('./adapters/events/eventstoredb.ts')
  return openEventStoreDB({
    ...wanted.origin,
    url: wanted.url,
    categories: allCategories,
    clock: () => new Date(),
  })
}

const log = await openLog()
const { read, head } = storeOf(log as EventLog, DomainEvent)
const parts = {
  log: { id: log.id, read, head },
  scratch,
  projections: projections.filter(({ name }) => projection === null || name === projection),
}
const answer = compareWith === null ? await remake(parts) : await replay({ ...parts, ...compareWith })
await (Symbol.dispose in log ? log[Symbol.dispose]() : log[Symbol.asyncDispose]())
parentPort?.postMessage(answer)
