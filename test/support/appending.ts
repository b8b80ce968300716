import { writeSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { openSqliteLog } from '../../src/adapters/events/sqlite-log.ts'
import type { StreamName } from '../../src/domain/kernel/store.ts'
import { contextOf } from './recorded.ts'

// A program to be killed: appends from several sides at once for as long as it lives, and prints the position of each
// event of an append when (and only when) that was acknowledged.

const [path, run] = process.argv.slice(2) as [string, string]
const log = openSqliteLog({ path, node: 'n', bootId: 'b', clock: () => new Date() })

const write = async (writer: number) => {
  const stream: StreamName = `tale-n/${run}-${writer}`
  for (let revision = 0; ; revision += 2) {
    const events = [0, 1].map(i => ({ type: 'Told', text: 'x'.repeat(300), n: revision + i }))
    const appended = await log.append(stream, revision, events, contextOf(`${run}-${writer}-${revision}`))()
    if (E.isLeft(appended)) throw new Error(JSON.stringify(appended.left))
    writeSync(1, appended.right.events.map(({ position, id }) => `${position} ${id}\n`).join(''))
  }
}

await Promise.all([1, 2, 3, 4].map(write))
