import { daemonFor } from '../client/daemon.ts'
import { command, flag, none, text } from '../command.ts'
import { formatOf } from '../output/list.ts'
import type { FormatFlags } from '../output/list.ts'
import { table } from '../output/table.ts'

type Setting = Readonly<{ value: unknown; source: string }>

/** Settings by name, or a list that names them: both are read. */
const settingsIn = (
  answer: Readonly<Record<string, unknown>>,
): ReadonlyArray<Readonly<{ name: string }> & Setting> => {
  const listed = answer['items'] ?? answer['settings']
  if (Array.isArray(listed)) return listed as ReadonlyArray<Readonly<{ name: string }> & Setting>
  const named = (listed ?? answer) as Readonly<Record<string, Setting>>
  return Object.entries(named)
    .filter(([, setting]) => typeof setting === 'object' && setting !== null && 'source' in setting)
    .map(([name, setting]) => ({ name, ...setting }))
}

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
    const answer = await daemonFor(session).get<Readonly<Record<string, unknown>>>('/v1/config')
    const settings = settingsIn(answer)
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
