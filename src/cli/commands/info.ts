import { daemonFor } from '../client/daemon.ts'
import { command, flag, none, text } from '../command.ts'
import { harmless } from '../output/colour.ts'
import { formatOf } from '../output/list.ts'
import type { FormatFlags } from '../output/list.ts'

/** `logPosition` for people: `log position`. */
const words = (key: string) => key.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, ' ').toLowerCase()

/** Objects are indented below their names, lists stand on one line. */
const lines = (value: Readonly<Record<string, unknown>>, indent: string): ReadonlyArray<string> =>
  Object.entries(value).flatMap(([key, each]) => {
    if (typeof each !== 'object' || each === null)
      return [`${indent}${words(key)}: ${String(each ?? 'none')}`]
    if (!Array.isArray(each))
      return [`${indent}${words(key)}:`, ...lines(each as Record<string, unknown>, `${indent}  `)]
    const isFlat = each.every(item => typeof item !== 'object')
    return [`${indent}${words(key)}: ${isFlat ? each.join(', ') : JSON.stringify(each)}`]
  })

export default command<FormatFlags, []>({
  brief: 'the daemon and its host',
  usage: 'info [FLAG…]',
  examples: [
    ['info', 'counts, directories, log, host'],
    ['info --json', 'the same as one object'],
  ],
  flags: { format: text('json, or a template', 'FORMAT'), json: flag('one object') },
  aliases: { f: 'format' },
  positional: none,
  run: async (session, flags) => {
    const format = formatOf(flags)
    const info = await daemonFor(session).get<Readonly<Record<string, unknown>>>('/v1/info')
    if (format === 'json') session.out(`${JSON.stringify(info)}\n`)
    else if (format !== 'people') session.out(format.render([info]))
    else
      session.out(
        lines(info, '')
          .map(line => `${harmless(line)}\n`)
          .join(''),
      )
    return 0
  },
})
