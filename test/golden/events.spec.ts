import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import * as E from 'fp-ts/lib/Either.js'
import { openMemoryLog } from '../../src/adapters/events/memory-log.ts'
import { DomainEvent } from '../../src/domain/events/catalogue.ts'
import { storeOf } from '../../src/domain/kernel/component.ts'
import { versionOf } from '../../src/domain/kernel/event-version.ts'
import { root } from '../support/trial-engine.ts'
import { goldenEvents } from './golden-events.ts'
import type { Golden } from './golden-events.ts'

const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, 'events.json'), 'utf8'),
) as ReadonlyArray<Golden>

describe('E9 events as they stand in logs', () => {
  it('E9 of every version are read as what they were written as', async () => {
    const log = openMemoryLog({ node: 'n1', bootId: 'b', clock: () => new Date() })
    const store = storeOf(log, DomainEvent)
    for (const [i, { version, event }] of golden.entries()) {
      assert.ok(version <= versionOf(event.type))
      assert.ok(E.isRight(await log.append(`tale-n1/${i}`, 0, [event], root)()))
      const read = await store.load(`tale-n1/${i}`, 0)()
      assert.ok(E.isRight(read), `${event.type} of version ${version}: ${JSON.stringify(read)}`)
      // Of the newest version nothing is left out, nothing added and nothing changed on the way.
      if (version === versionOf(event.type)) assert.deepEqual(read.right.events[0]?.event, event)
    }
  })

  it('E9 of today have the shape that is written down: another one needs a version and an upcaster', () => {
    assert.deepEqual(
      goldenEvents(),
      golden.filter(({ version, event }) => version === versionOf(event.type)),
      'events have another shape than those in logs (see docs/decisions/0010-what-is-not-understood-stops.md)',
    )
  })

  it('E9 are all there, each with all that may stand in it', () => {
    const types = new Set(golden.map(({ event }) => event.type))
    for (const type of goldenEvents().map(({ event }) => event.type)) assert.ok(types.has(type), type)
    assert.ok(types.size > 50, `${types.size}`)
  })
})
