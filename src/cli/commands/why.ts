import type { Explanation } from '../client/answers.ts'
import { daemonFor, segment } from '../client/daemon.ts'
import { command, flag, required, text } from '../command.ts'
import { containerNames } from '../completion-sources.ts'
import type { Session } from '../io.ts'
import { span } from '../output/age.ts'
import { harmless, painter } from '../output/colour.ts'
import { formatOf, sayPosition } from '../output/list.ts'
import type { FormatFlags } from '../output/list.ts'
import { person } from '../output/people.ts'
import { sayIfRemoved } from './removed.ts'

type WhyFlags = FormatFlags & Readonly<{ all?: boolean }>

const run = async (session: Session, flags: WhyFlags, container: string): Promise<number> => {
  const format = formatOf(flags)
  const daemon = daemonFor(session)
  const removed = sayIfRemoved(session, daemon, container)
  const explanation = await daemon.get<Explanation>(`/v1/containers/${segment(container)}/why`, {
    all: flags.all === true ? true : undefined,
  })
  await removed
  if (format === 'people') {
    session.out(told(explanation, session))
    sayEarlier(session, explanation, container)
    sayPosition(session, explanation.position)
  } else {
    session.out(format === 'json' ? `${JSON.stringify(explanation)}\n` : format.render([explanation]))
  }
  return 0
}

const sayEarlier = (session: Session, { earlier = 0 }: Explanation, container: string): void => {
  if (earlier === 0) return
  const paint = painter(session.hasColour('stdout'))
  session.out(
    `${paint('dim', harmless(`${earlier} events of earlier runs: shiplog why --all ${container}`))}\n`,
  )
}

/** The sentence, then the chain of causes, from the command and the person to the end. */
const told = ({ sentence, chain }: Explanation, session: Session): string => {
  const paint = painter(session.hasColour('stdout'))
  const rows = chain.map(({ event, explanation, afterMs }) => ({
    position: `@${event.position}`,
    after: afterMs === null ? '' : `+${span(afterMs)}`,
    explanation: harmless(explanation),
    rest: harmless(`${person(event.actor)}, ${event.type}, ${event.id}`),
  }))
  const positions = Math.max(0, ...rows.map(({ position }) => position.length))
  const delays = Math.max(0, ...rows.map(({ after }) => after.length))
  const indent = ' '.repeat(2 + positions + 2 + delays + 2)
  return [
    paint('bold', harmless(sentence)),
    ...(rows.length === 0 ? [] : ['']),
    ...rows.flatMap(({ position, after, explanation, rest }) => [
      `  ${paint('cyan', position.padStart(positions))}  ${paint('yellow', after.padStart(delays))}  ${explanation}`,
      `${indent}${paint('dim', rest)}`,
    ]),
    '',
  ].join('\n')
}

export default command<WhyFlags, [string]>({
  brief: 'why a container is as it is',
  usage: 'why [FLAG…] CONTAINER',
  examples: [
    ['why web', 'one sentence, then each cause with who, when and which event'],
    ['why --all web', 'every run that it had, not only the last'],
    ['why --json web', 'the same as one object'],
  ],
  notes: 'It answers for removed containers too. shiplog show EVENT shows each event whole.',
  flags: {
    all: flag('every run, not only the last'),
    format: text('json, or a template', 'FORMAT'),
    json: flag('one object'),
  },
  aliases: { a: 'all' },
  positional: { kind: 'tuple', parameters: [required('the container', 'CONTAINER', containerNames)] },
  run,
})
