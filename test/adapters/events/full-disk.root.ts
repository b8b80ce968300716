import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import * as E from 'fp-ts/lib/Either.js'
import { openSqliteLog } from '../../../src/adapters/events/sqlite-log.ts'
import { openDatabase } from '../../../src/adapters/metadata/database.ts'
import { mayPass } from '../../../src/adapters/events/sqlite.ts'
import { contextOf } from '../../support/recorded.ts'

const smallDisk = () => {
  const path = mkdtempSync(join(tmpdir(), 'shiplog-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path])
  const filler = join(path, 'filler')
  return {
    path,
    fill: () => {
      const { bavail, bsize } = statfsSync(path)
      writeFileSync(filler, Buffer.alloc(bavail * bsize))
    },
    makeRoom: () => rmSync(filler),
    [Symbol.dispose]: () => {
      execFileSync('umount', [path])
      rmSync(path, { recursive: true })
    },
  }
}

const event = { type: 'Told', text: 'x'.repeat(20_000) }

describe('a full disk', () => {
  it('fails every append of the moment, and the log works again when there is room', async () => {
    using disk = smallDisk()
    await using log = openSqliteLog({
      path: join(disk.path, 'log.db'),
      node: 'n',
      bootId: 'b',
      clock: () => new Date(),
    })
    const append = (stream: string, expected: number) =>
      log.append(`tale-n/${stream}`, expected, [event], contextOf(`${stream}-${expected}`))()

    assert.ok(E.isRight(await append('a', 0)))
    disk.fill()
    const outcomes = await Promise.all([append('a', 1), append('a', 0), append('a', 7), append('b', 0)])
    for (const outcome of outcomes)
      assert.match(
        E.isLeft(outcome) && outcome.left.reason === 'store-unavailable' ? outcome.left.cause : '',
        /full/,
      )
    assert.equal(log.head(), 1)

    disk.makeRoom()
    const again = await Promise.all([append('a', 1), append('b', 0)])
    assert.deepEqual(
      again.map(outcome => E.isRight(outcome) && outcome.right.position),
      [2, 3],
    )
    const all = await log.read({ from: 0, direction: 'forwards', limit: 10, categories: null })()
    assert.equal(E.isRight(all) && all.right.length, 3)
  })

  it('is told from a mistake in a projection', () => {
    using disk = smallDisk()
    using db = openDatabase(join(disk.path, 'read-models.db'), { id: 'a', head: () => 0 })
    const write = () =>
      db.checkpoints.write('r', { position: 1, pending: [{ stream: 'a-b', eventId: event.text }] })
    disk.fill()
    assert.throws(write, error => mayPass(error))
    disk.makeRoom()
    write()
    assert.throws(
      () => db.run('INSERT INTO nowhere VALUES (1)'),
      error => !mayPass(error),
    )
  })
})
