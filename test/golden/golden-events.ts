import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DomainEvent } from '../../src/domain/events/catalogue.ts'
import { versionOf } from '../../src/domain/kernel/event-version.ts'
import type { Stored } from '../../src/domain/kernel/store.ts'
import { examplesOf, membersOf } from '../support/codec-values.ts'

export type Golden = Readonly<{ version: number; event: Stored }>

/** Every type of event with all that may stand in it, in the shape that is written today. */
export const goldenEvents = (): ReadonlyArray<Golden> =>
  membersOf(DomainEvent).flatMap(codec =>
    examplesOf(codec).map(example => {
      const event = codec.encode(example) as Stored
      return { version: versionOf(event.type), event }
    }),
  )

// Run by itself, it writes the file: after a new type of event. What is in the file already is never to change.
if (import.meta.main) {
  const lines = goldenEvents().map(golden => JSON.stringify(golden))
  writeFileSync(join(import.meta.dirname, 'events.json'), `[\n${lines.join(',\n')}\n]\n`)
}
