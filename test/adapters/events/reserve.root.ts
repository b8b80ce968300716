import assert from 'node:assert/strict'
import { statfsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import * as E from 'fp-ts/lib/Either.js'
import { openSqliteLog } from '../../../src/adapters/events/sqlite-log.ts'
import { openDatabase } from '../../../src/adapters/metadata/database.ts'
import { contextOf } from '../../support/recorded.ts'
import { scratch } from '../../support/scratch.ts'
import { smallDisk } from '../../support/small-disk.ts'

/** Each its own transaction, as the ends of what runs are. */
const MANY = 3_000

const isFull = (path: string) => statfsSync(path).bavail === 0

describe('a disk that others have filled', () => {
  for (const kind of ['tmpfs', 'ext4'] as const) {
    it(`D1 takes ${MANY} more events of a log that was there before, on ${kind}`, async () => {
      await using place = scratch('reserve')
      using disk = smallDisk(join(place.path, 'disk'), { megabytes: 64, kind })
      await using log = openSqliteLog({
        path: join(disk.path, 'log.db'),
        node: 'n',
        bootId: 'b',
        clock: () => new Date(),
      })
      const event = { type: 'Told', text: 'x'.repeat(500) }
      disk.fill()
      for (let i = 0; i < MANY; i++) {
        const appended = await log.append(`tale-n/${i}`, 0, [event], contextOf(`c-${i}`))()
        assert.ok(E.isRight(appended), `${i}: ${JSON.stringify(appended)}`)
      }
      assert.ok(isFull(disk.path))
    })

    it(`D1 takes ${MANY} more changes of read models that were there before, on ${kind}`, async () => {
      await using place = scratch('reserve')
      using disk = smallDisk(join(place.path, 'disk'), { megabytes: 64, kind })
      using models = openDatabase(join(disk.path, 'read-models.db'), { id: 'a', head: () => 0 })
      disk.fill()
      for (let i = 0; i < MANY; i++)
        models.transaction(() => {
          for (const name of ['one', 'two'])
            models.checkpoints.write(`${name}-${i % 500}`, {
              position: i,
              pending: [{ stream: `a-${i}`, eventId: 'x'.repeat(500) }],
            })
        })
      assert.ok(isFull(disk.path))
    })
  }
})
