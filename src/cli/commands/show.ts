import type { RecordedEvent } from '../client/answers.ts'
import { daemonFor, segment } from '../client/daemon.ts'
import { command, flag, required, text } from '../command.ts'
import type { Session } from '../io.ts'
import { harmless, painter } from '../output/colour.ts'
import { formatOf } from '../output/list.ts'
import type { FormatFlags } from '../output/list.ts'
import { personInFull } from '../output/people.ts'

const run = async (session: Session, flags: FormatFlags, wanted: string): Promise<number> => {
  const format = formatOf(flags)
  const name = /^[0-9]{1,15}$/.test(wanted) ? `@${wanted}` : wanted
  const path = name.startsWith('@') ? `@${segment(name.slice(1))}` : segment(name)
  const event = await daemonFor(session).get<RecordedEvent>(`/v1/events/${path}`)
  if (format === 'json') session.out(`${JSON.stringify(event)}\n`)
  else session.out(format === 'people' ? whole(event, session) : format.render([event]))
  return 0
}

const whole = (event: RecordedEvent, session: Session): string => {
  const paint = painter(session.hasColour('stdout'))
  const lines: ReadonlyArray<readonly [string, string]> = [
    ['position', `@${event.position}`],
    ['id', event.id],
    ['stream', `${event.stream}, revision ${event.revision}`],
    ['recorded', event.recordedAt],
    ...(event.occurredAt === event.recordedAt ? [] : [['occurred', event.occurredAt] as const]),
    ['by', personInFull(event.actor)],
    ['because of', event.causation ?? 'nothing before it: somebody asked'],
    ['operation', event.correlation],
    ['command', event.command],
    ['on', `${event.node}, boot ${event.bootId}`],
  ]
  const data = JSON.stringify(event.data, null, 2)
  return [
    paint('bold', event.type),
    ...lines.map(([key, value]) => `  ${paint('dim', key.padEnd(11))} ${harmless(value)}`),
    harmless(data),
    '',
  ].join('\n')
}

export default command<FormatFlags, [string]>({
  brief: 'one event, whole',
  usage: 'show [FLAG…] EVENT',
  examples: [
    ['show @42', 'by its position'],
    ['show 3f9c2a', 'by the beginning of its id'],
    ["show --format '{{.data.exitCode}}' @42", 'one field of it'],
  ],
  flags: {
    format: text('json, or a template', 'FORMAT'),
    json: flag('one object'),
  },
  positional: { kind: 'tuple', parameters: [required('@POSITION, an id, or the beginning of one', 'EVENT')] },
  run,
})
