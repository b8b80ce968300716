import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openMemoryLog } from '../../../src/adapters/events/memory-log.ts'
import { openSqliteLog } from '../../../src/adapters/events/sqlite-log.ts'
import { eventLogContract } from '../../contract/event-log.contract.ts'

const origin = { node: 'n', bootId: 'boot-1', clock: () => new Date() }

eventLogContract('the memory log', async () => openMemoryLog(origin))

eventLogContract('the SQLite log', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'shiplog-log-'))
  const log = openSqliteLog({ path: join(directory, 'log.db'), ...origin })
  return {
    ...log,
    [Symbol.asyncDispose]: async () => {
      await log[Symbol.asyncDispose]()
      await rm(directory, { recursive: true })
    },
  }
})
