import { daemonFor } from '../client/daemon.ts'
import { command, flag, none, text } from '../command.ts'
import { harmless } from '../output/colour.ts'
import { formatOf } from '../output/list.ts'
import { size } from '../output/size.ts'
import type { FormatFlags } from '../output/list.ts'

/** `logPosition` for people: `log position`. */
const words = (key: string) => key.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, ' ').toLowerCase()

/** Objects are indented below their names, lists stand on one line, memory is in units. */
const lines = (value: Readonly<Record<string, unknown>>, indent: string): ReadonlyArray<string> =>
  Object.entries(value).flatMap(([key, each]) => {
    const name = `${indent}${words(key)}:`
    if (typeof each === 'number' && key === 'memory') return [`${name} ${size(each)}`]
    if (typeof each !== 'object' || each === null) return [`${name} ${String(each ?? 'none')}`]
    if (Object.keys(each).length === 0) return [`${name} none`]
    if (!Array.isArray(each)) return [name, ...lines(each as Record<string, unknown>, `${indent}  `)]
    return [
      `${name} ${each.map(item => (typeof item === 'object' ? JSON.stringify(item) : String(item))).join(', ')}`,
    ]
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
