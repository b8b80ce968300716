import assert from 'node:assert/strict'
import { join } from 'node:path'
import { it } from 'node:test'
import * as E from 'fp-ts/lib/Either.js'
import { openSqliteLog } from '../../src/adapters/events/sqlite-log.ts'
import { startDaemon } from '../support/daemon.ts'
import { contextOf } from '../support/recorded.ts'

/** Its own history, and that of something which is only followed. */
for (const stream of ['node-n1', 'container-n1/default/dreamer'] as const)
  it(`E9 a daemon on the log of a newer one ends with the event of ${stream} that it does not know`, async () => {
    await using daemon = await startDaemon()
    await daemon.stop()
    const path = join(daemon.root, 'log.db')
    const opened = () => openSqliteLog({ path, node: 'n1', bootId: 'b', clock: () => new Date() })
    {
      await using log = opened()
      const history = await log.load(stream, 0)()
      assert.ok(E.isRight(history))
      const dream = { type: 'EngineDreamt', of: 'sheep' }
      assert.ok(E.isRight(await log.append(stream, history.right.revision, [dream], contextOf('newer'))()))
    }
    await assert.rejects(daemon.start(), /event [-0-9a-f]{36} \(EngineDreamt\) at @\d+/)
    await using log = opened()
    const page = { from: 0, direction: 'forwards', limit: 100, categories: null } as const
    const all = await log.read(page)()
    assert.ok(E.isRight(all))
    const types = all.right.map(({ event }) => event.type)
    const after = types.slice(types.indexOf('EngineDreamt') + 1)
    assert.deepEqual(
      after.filter(type => !type.startsWith('Engine')),
      [],
      'only that it came and went is recorded',
    )
  })
