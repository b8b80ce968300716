import type { RecordedEvent } from '../client/answers.ts'
import { UsageError } from '../failure.ts'
import type { Session } from '../io.ts'
import { painter } from '../output/colour.ts'
import { eventLine } from '../output/event-line.ts'
import { formatOf } from '../output/list.ts'
import type { EventFlags } from './event-flags.ts'

/** How events are written, by the flags. */
export const eventWriter = (session: Session, flags: EventFlags): ((event: RecordedEvent) => string) => {
  const { output = 'short', outputFields } = flags
  const format = formatOf(flags)
  const fields = outputFields?.split(',').map(field => field.trim())
  if (fields !== undefined && !isObjects(flags)) throw new UsageError('--output-fields is for -o json')
  if (isObjects(flags)) {
    return event => {
      const all = event as unknown as Readonly<Record<string, unknown>>
      const chosen =
        fields === undefined ? all : Object.fromEntries(fields.map(field => [field, all[field] ?? null]))
      return `${JSON.stringify(chosen)}\n`
    }
  }
  if (typeof format === 'object') return event => format.render([event])
  const paint = painter(session.hasColour('stdout'))
  return event => `${eventLine(event, output, paint)}\n`
}

/** Objects, one a line: by `-o json`, `--json` or `--format json`. */
export const isObjects = (flags: EventFlags): boolean => flags.output === 'json' || formatOf(flags) === 'json'
