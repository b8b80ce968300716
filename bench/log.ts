import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { openSqliteLog } from '../src/adapters/events/sqlite-log.ts'
import type { EventLog, Stored, StreamName } from '../src/domain/kernel/store.ts'
import { freshExt4 } from './support/loop-mount.ts'

// How fast the SQLite log is, against the least that SQLite itself must do on the same disk: `node bench/log.ts`.
// Needs root (it mounts a file system of its own). Rates are events per second, medians of the rounds.

const rounds = 5
const pragmas = 'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 2000'
const event: Stored = { type: 'Told', container: 'c'.repeat(64), text: 'x'.repeat(380) }
const context = (n: number) => ({
  correlationId: '7c5b0d3e-8f53-4a92-9f35-1a7b6a1f3c11',
  causationId: null,
  commandId: `command-${n}`,
  actor: { kind: 'unix', uid: 0, gid: 0, pid: 1, user: 'root' } as const,
})

using disk = freshExt4('2G')
let files = 0
let commands = 0
const fresh = () => join(disk.path, `${files++}.db`)

const rate = async (count: number, run: () => Promise<unknown>) => {
  const before = performance.now()
  await run()
  return (count / (performance.now() - before)) * 1000
}

const append = async (log: EventLog, stream: StreamName, revision: number, events: ReadonlyArray<Stored>) => {
  const outcome = await log.append(stream, revision, events, context(commands++))()
  if (E.isLeft(outcome)) throw new Error(JSON.stringify(outcome.left))
}

const withLog = async (run: (log: EventLog) => Promise<number>) => {
  await using log = openSqliteLog({ path: fresh(), node: 'n', bootId: 'b', clock: () => new Date() })
  return await run(log)
}

/** One stream of events for each writer, `batch` of them at a time. */
const appending = (writers: number, appends: number, batch = 1) =>
  withLog(log =>
    rate(writers * appends * batch, () =>
      Promise.all(
        Array.from({ length: writers }, async (_, writer) => {
          for (let i = 0; i < appends; i++)
            await append(log, `tale-n/${writer}`, i * batch, Array(batch).fill(event))
        }),
      ),
    ),
  )

const bareInserts = (count: number) => {
  const db = new DatabaseSync(fresh())
  db.exec(`${pragmas}; CREATE TABLE events (position INTEGER PRIMARY KEY, data TEXT, metadata TEXT) STRICT`)
  const [begin, insert, commit] = [
    'BEGIN IMMEDIATE',
    'INSERT INTO events (data, metadata) VALUES (?, ?)',
    'COMMIT',
  ].map(sql => db.prepare(sql))
  return rate(count, async () => {
    for (let i = 0; i < count; i++) {
      begin?.run()
      insert?.run(JSON.stringify(event), JSON.stringify(context(i)))
      commit?.run()
    }
  }).finally(() => db.close())
}

const filled = async (count: number) => {
  const path = fresh()
  await using log = openSqliteLog({ path, node: 'n', bootId: 'b', clock: () => new Date() })
  for (let i = 0; i < count; i += 1_000)
    await append(log, `${i % 10_000 === 0 ? 'rare' : 'tale'}-n/${i}`, 0, Array(1_000).fill(event))
  return path
}

const stored = 200_000
const path = await filled(stored)

const readBare = async () => {
  const db = new DatabaseSync(path, { readOnly: true })
  const page = db.prepare('SELECT position, data, metadata FROM events WHERE position > ? LIMIT 1000', {
    returnArrays: true,
  })
  const speed = await rate(stored, async () => {
    for (let last = 0; last < stored; )
      for (const row of page.all(last) as unknown as ReadonlyArray<[number, string, string]>) {
        last = row[0]
        JSON.parse(row[1])
        JSON.parse(row[2])
      }
  })
  db.close()
  return speed
}

const following = async (categories: ReadonlyArray<string> | null, count: number) => {
  await using log = openSqliteLog({ path, node: 'n', bootId: 'b', clock: () => new Date() })
  return await rate(count, async () => {
    let seen = 0
    for await (const told of log.follow({ categories }, 0, new AbortController().signal)) {
      if (told.kind === 'events') seen += told.events.length
      if (seen >= count) break
    }
  })
}

/** Milliseconds from asking for an append to a follower being told. */
const latency = async () => {
  await using log = openSqliteLog({ path: fresh(), node: 'n', bootId: 'b', clock: () => new Date() })
  const stop = new AbortController()
  let told = Promise.withResolvers<number>()
  let acknowledged = 0
  const followed = (async () => {
    for await (const { kind } of log.follow({ categories: null }, 0, stop.signal))
      if (kind === 'events') told.resolve(performance.now())
  })()
  const gaps: Array<number> = []
  for (let i = 0; i < 300; i++) {
    told = Promise.withResolvers()
    await append(log, 'tale-n/a', i, [event])
    acknowledged = performance.now()
    gaps.push((await told.promise) - acknowledged)
  }
  stop.abort()
  await followed
  return gaps.toSorted((a, b) => a - b)[285] as number
}

const cases = {
  'bare insert and commit, one by one': () => bareInserts(1_500),
  'append, one by one': () => appending(1, 1_500),
  'append, 64 at once': () => appending(64, 200),
  'append, 10 events each': () => appending(1, 500, 10),
  'append, 100 events each': () => appending(1, 200, 100),
  'bare select and JSON.parse': readBare,
  'follow all from the beginning': () => following(null, stored),
  'follow 2 categories': () => following(['rare', 'tale'], stored),
  'follow a rare category': () => following(['rare'], stored / 10),
} as const

type Name = keyof typeof cases
const speeds = new Map<Name, Array<number>>()
for (let round = 0; round < rounds; round++)
  for (const [name, run] of Object.entries(cases) as Array<[Name, () => Promise<number>]>)
    speeds.set(name, [...(speeds.get(name) ?? []), await run()])

const median = (name: Name) =>
  (speeds.get(name) ?? []).toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN
const ratio = (name: Name, to: Name) => `${(median(name) / median(to)).toFixed(2)} of ${to}`
const compared: Partial<Record<Name, Name>> = {
  'append, one by one': 'bare insert and commit, one by one',
  'append, 64 at once': 'append, one by one',
  'follow all from the beginning': 'bare select and JSON.parse',
  'follow 2 categories': 'bare select and JSON.parse',
}

console.log('| | events/s | |\n|---|---:|---|')
for (const name of Object.keys(cases) as Array<Name>) {
  const yardstick = compared[name]
  console.log(
    `| ${name} | ${Math.round(median(name))} | ${yardstick === undefined ? '' : ratio(name, yardstick)} |`,
  )
}
console.log(`\ntold after the acknowledgement, 95th percentile: ${(await latency()).toFixed(3)} ms`)
