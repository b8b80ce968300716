import type { List } from '../client/answers.ts'
import { daemonFor } from '../client/daemon.ts'
import { command, flag, none, text } from '../command.ts'
import { formatOf, printList } from '../output/list.ts'
import type { ListFlags } from '../output/list.ts'

type Standing = Readonly<{
  name: string
  version: number
  status: string
  position: number | null
  lag: number | null
  error: string | null
}>

const row = ({ name, version, status, position, lag, error }: Standing) => ({
  Name: name,
  Version: version,
  Status: status,
  Position: position === null ? '' : `@${position}`,
  Lag: lag ?? '',
  Error: error ?? '',
})

export default command<Omit<ListFlags, 'noTrunc'>, []>({
  brief: 'read models, how far they are, and what stopped them',
  usage: 'projection ls [FLAG…]',
  examples: [
    ['projection ls', 'each with its position and how many events it is behind'],
    ['projection ls --json', 'objects, one a line'],
  ],
  flags: {
    format: text('json, or a template', 'FORMAT'),
    json: flag('objects, one a line'),
    quiet: flag('only names'),
  },
  aliases: { f: 'format', q: 'quiet' },
  positional: none,
  run: async (session, flags) => {
    const format = formatOf(flags)
    const { items, position } = await daemonFor(session).get<List<Standing>>('/v1/projections')
    printList(session, format, flags.quiet === true, {
      items,
      position,
      row,
      id: ({ name }) => name,
      columns: ['Name', 'Version', 'Status', 'Position', 'Lag', 'Error'],
      headers: {
        Name: 'PROJECTION',
        Version: 'VERSION',
        Status: 'STATUS',
        Position: 'POSITION',
        Lag: 'LAG',
        Error: 'ERROR',
      },
    })
    return 0
  },
})
