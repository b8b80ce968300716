import type { RecordedEvent } from '../client/answers.ts'
import { UsageError } from '../failure.ts'
import type { Session } from '../io.ts'
import { painter } from '../output/colour.ts'
import { eventLine } from '../output/event-line.ts'
import { isJson } from '../output/list.ts'
import { template } from '../output/template.ts'
import type { EventFlags } from './event-flags.ts'

/** How events are written, by the flags. */
export const eventWriter = (session: Session, flags: EventFlags): ((event: RecordedEvent) => string) => {
  const { output = 'short', outputFields, format } = flags
  const fields = outputFields?.split(',').map(field => field.trim())
  const isObject = isJson(flags) || output === 'json'
  if (fields !== undefined && !isObject) throw new UsageError('--output-fields is for -o json')
  if (isObject) {
    return event => {
      const all = event as unknown as Readonly<Record<string, unknown>>
      const chosen =
        fields === undefined ? all : Object.fromEntries(fields.map(field => [field, all[field] ?? null]))
      return `${JSON.stringify(chosen)}\n`
    }
  }
  if (format !== undefined) {
    const lines = template(format)
    return event => lines.render([event])
  }
  const paint = painter(session.hasColour('stdout'))
  return event => `${eventLine(event, output, paint)}\n`
}
