import type { List } from '../client/answers.ts'
import { daemonFor } from '../client/daemon.ts'
import { command, flag, none, text } from '../command.ts'
import { formatOf } from '../output/list.ts'
import type { FormatFlags } from '../output/list.ts'
import { table } from '../output/table.ts'

type Setting = Readonly<{ name: string; value: unknown; source: string }>

const shown = (value: unknown) =>
  Array.isArray(value) ? value.join(', ') : typeof value === 'object' ? JSON.stringify(value) : String(value)

export default command<FormatFlags, []>({
  brief: 'each setting and where it came from',
  usage: 'config [FLAG…]',
  examples: [['config', 'value and source: default, file, environment or flag']],
  flags: { format: text('json, or a template', 'FORMAT'), json: flag('objects, one a line') },
  positional: none,
  run: async (session, flags) => {
    const format = formatOf(flags)
    const { items: settings } = await daemonFor(session).get<List<Setting>>('/v1/config')
    if (format === 'json') session.out(settings.map(setting => `${JSON.stringify(setting)}\n`).join(''))
    else if (format !== 'people') session.out(format.render(settings))
    else
      session.out(
        table(
          ['SETTING', 'VALUE', 'SOURCE'],
          settings.map(({ name, value, source }) => [name, shown(value), source]),
        ),
      )
    return 0
  },
})
