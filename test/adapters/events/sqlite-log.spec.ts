import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { openSqliteLog } from '../../../src/adapters/events/sqlite-log.ts'
import { isOlderSqlite } from '../../../src/adapters/events/sqlite.ts'
import type { Recorded, Stored } from '../../../src/domain/kernel/store.ts'
import { contextOf } from '../../support/recorded.ts'

const origin = { node: 'n', bootId: 'b', clock: () => new Date() }
const told = (n: number): Stored => ({ type: 'Told', n })

const directory = () => {
  const path = mkdtempSync(join(tmpdir(), 'shiplog-log-'))
  return { file: join(path, 'log.db'), [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

const right = <A>(either: E.Either<unknown, A>): A => {
  if (E.isLeft(either)) throw new Error(JSON.stringify(either.left))
  return either.right
}

const everything = async (file: string): Promise<ReadonlyArray<Recorded<Stored>>> => {
  await using log = openSqliteLog({ path: file, ...origin })
  return right(await log.read({ from: 0, direction: 'forwards', limit: -1, categories: null })())
}

describe('the SQLite log as a file', () => {
  it('is the same log when it is opened again', async () => {
    using where = directory()
    const before = openSqliteLog({ path: where.file, ...origin })
    const first = right(await before.append('tale-n/a', 0, [told(1), told(2)], contextOf('c1'))())
    await before[Symbol.asyncDispose]()

    await using log = openSqliteLog({ path: where.file, ...origin })
    assert.equal(log.id, before.id)
    assert.equal(log.head(), 2)
    assert.deepEqual(right(await log.load('tale-n/a', 0)()).events, first.events)
    assert.deepEqual(right(await log.append('tale-n/a', 0, [told(1), told(2)], contextOf('c1'))()), first)
    assert.equal(right(await log.append('tale-n/b', 0, [told(3)], contextOf('c2'))()).position, 3)
  })

  it('has positions without a gap, whatever was refused in between', async () => {
    using where = directory()
    await using log = openSqliteLog({ path: where.file, ...origin })
    await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        log.append(`tale-n/${i % 7}`, Math.floor(i / 10), [told(i), told(i)], contextOf(`c${i}`))(),
      ),
    )
    const all = right(await log.read({ from: 0, direction: 'forwards', limit: -1, categories: null })())
    assert.ok(all.length > 10)
    assert.deepEqual(
      all.map(({ position }) => position),
      all.map((_, i) => i + 1),
    )
  })

  it('commits what was asked for in one turn together', async () => {
    using where = directory()
    let reading = 0
    await using log = openSqliteLog({ path: where.file, ...origin, clock: () => new Date(reading++) })
    const appends = Array.from({ length: 64 }, (_, i) =>
      log.append(`tale-n/${i}`, 0, [told(i)], contextOf(`c${i}`))(),
    )
    const times = (await Promise.all(appends)).map(outcome => right(outcome).events[0]?.recordedAt.getTime())
    assert.equal(new Set(times).size, 1)
  })

  it('writes what was asked for before it was closed, and nothing after', async () => {
    using where = directory()
    const log = openSqliteLog({ path: where.file, ...origin })
    const asked = log.append('tale-n/a', 0, [told(1)], contextOf('c1'))()
    await log[Symbol.asyncDispose]()
    assert.ok(E.isRight(await asked))
    const late = await log.append('tale-n/a', 1, [told(2)], contextOf('c2'))()
    assert.deepEqual(late, E.left({ reason: 'store-unavailable', cause: `${where.file}: the log is closed` }))
    assert.equal((await everything(where.file)).length, 1)
  })

  it('ends those who follow it when it is closed', async () => {
    using where = directory()
    const log = openSqliteLog({ path: where.file, ...origin })
    const followed = Array.fromAsync(log.follow({ categories: null }, 0, new AbortController().signal))
    await sleep(5)
    await log[Symbol.asyncDispose]()
    assert.deepEqual(await followed, [{ kind: 'caught-up', position: 0 }])
  })

  it('belongs to one who appends, and may be read by others meanwhile', async () => {
    using where = directory()
    const log = openSqliteLog({ path: where.file, ...origin })
    right(await log.append('tale-n/a', 0, [told(1)], contextOf('c1'))())
    assert.throws(() => openSqliteLog({ path: where.file, ...origin }), {
      message: `${where.file}: another process has this log open`,
    })
    const reader = new DatabaseSync(where.file, { readOnly: true })
    assert.equal(reader.prepare('SELECT count(*) n FROM events').get()?.['n'], 1)
    right(await log.append('tale-n/a', 1, [told(2)], contextOf('c2'))())
    assert.equal(reader.prepare('SELECT count(*) n FROM events').get()?.['n'], 2)
    reader.close()
    await log[Symbol.asyncDispose]()
    assert.equal((await everything(where.file)).length, 2)
  })

  it('refuses a file that is something else, and one that is newer than it knows', async () => {
    using where = directory()
    writeFileSync(where.file, 'a letter to my aunt'.repeat(1000))
    assert.throws(() => openSqliteLog({ path: where.file, ...origin }), /log.db: file is not a database$/)
    rmSync(where.file)
    const recipes = new DatabaseSync(where.file)
    recipes.exec('CREATE TABLE recipes (name TEXT)')
    assert.throws(
      () => openSqliteLog({ path: where.file, ...origin }),
      /log.db: not an event log of shiplog$/,
    )
    recipes.exec('DROP TABLE recipes')
    recipes.close()
    await openSqliteLog({ path: where.file, ...origin })[Symbol.asyncDispose]()
    const future = new DatabaseSync(where.file)
    future.exec('PRAGMA user_version = 9')
    future.close()
    assert.throws(
      () => openSqliteLog({ path: where.file, ...origin }),
      /log.db: an event log of a newer shiplog \(version 9, this one knows 1\)$/,
    )
    assert.throws(() => openSqliteLog({ path: '/nowhere/log.db', ...origin }), /^Error: \/nowhere\/log.db: /)
  })

  it('refuses a SQLite that can lose what was committed', () => {
    const versions = ['3.51.2', '3.51.3', '3.9.99', '3.53.4', '4.0.0', '2.60.0']
    assert.deepEqual(versions.map(isOlderSqlite), [true, false, true, false, false, true])
  })

  it('names the event that cannot be read, and reads the rest', async () => {
    using where = directory()
    const before = openSqliteLog({ path: where.file, ...origin })
    const events = [told(1), told(2), told(3)]
    const appended = right(await before.append('tale-n/a', 0, events, contextOf('c'))())
    await before[Symbol.asyncDispose]()
    const vandal = new DatabaseSync(where.file)
    vandal.exec(`UPDATE events SET data = substr(data, 2) WHERE position = 2`)
    vandal.close()

    await using log = openSqliteLog({ path: where.file, ...origin })
    const names = `event ${appended.events[1]?.id} at 2: `
    const loaded = await log.load('tale-n/a', 0)()
    assert.ok(
      E.isLeft(loaded) && loaded.left.reason === 'unreadable-history' && loaded.left.cause.startsWith(names),
    )
    const read = await log.read({ from: 1, direction: 'forwards', limit: 1, categories: null })()
    assert.equal(E.isLeft(read) && read.left.reason, 'unreadable-history')
    await assert.rejects(
      Array.fromAsync(log.follow({ categories: null }, 0, AbortSignal.timeout(1_000))),
      (error: Error) => error.message.startsWith(names),
    )
    assert.equal(right(await log.load('tale-n/a', 2)()).events.length, 1)
  })

  it('loses nothing that was acknowledged when it is killed', { timeout: 60_000 }, async () => {
    using where = directory()
    const acknowledged = new Map<number, string>()
    for (let run = 0; run < 10; run++) {
      const child = spawn(process.execPath, ['test/support/appending.ts', where.file, `${run}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const chunks: Array<string> = []
      const begun = once(child.stdout, 'data')
      child.stdout.setEncoding('utf8').on('data', chunk => chunks.push(chunk))
      const closed = once(child, 'close')
      await begun
      await sleep(Math.random() * 100)
      child.kill('SIGKILL')
      assert.deepEqual(await closed, [null, 'SIGKILL'])
      // The last line may have been cut by the death of its writer.
      for (const line of chunks.join('').split('\n').slice(0, -1)) {
        const [position, id] = line.split(' ') as [string, string]
        acknowledged.set(Number(position), id)
      }
    }

    const all = await everything(where.file)
    assert.deepEqual(
      all.map(({ position }) => position),
      all.map((_, i) => i + 1),
    )
    assert.ok(acknowledged.size > 10)
    for (const [position, id] of acknowledged) assert.equal(all[position - 1]?.id, id)
    // Appends of two events are there whole or not at all.
    const streams = Map.groupBy(all, ({ stream }) => stream)
    for (const events of streams.values()) assert.equal(events.length % 2, 0)
  })
})
