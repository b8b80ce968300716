import { timeOf } from '../client/as-of.ts'
import type { Container, List } from '../client/answers.ts'
import { daemonFor } from '../client/daemon.ts'
import { command, flag, none, number, text, texts } from '../command.ts'
import { moments } from '../completion-sources.ts'
import type { Session } from '../io.ts'
import { containerHeaders, containerRow } from '../output/container-row.ts'
import { parseFilters } from '../output/filters.ts'
import { formatOf, printList } from '../output/list.ts'
import type { ListFlags } from '../output/list.ts'
import { shortId } from '../output/table.ts'
import { containerFilterKeys, selectContainers } from './container-filters.ts'
import { momentForms } from './moments.ts'

type PsFlags = ListFlags &
  Readonly<{
    all?: boolean
    removed?: boolean
    last?: number
    latest?: boolean
    filter?: ReadonlyArray<string>
    at?: string
  }>

const run = async (session: Session, flags: PsFlags): Promise<number> => {
  const format = formatOf(flags)
  const filters = parseFilters(flags.filter, containerFilterKeys)
  const last = flags.latest === true ? 1 : flags.last
  // A status, an end or a number asked for means all, as for docker.
  const wantsAll = flags.all === true || last !== undefined || filters.has('status') || filters.has('exited')
  const wantsRemoved = flags.removed === true || filters.get('status')?.includes('removed') === true

  const daemon = daemonFor(session)
  const { position, items } = await daemon.get<List<Container>>('/v1/containers', {
    all: wantsAll || wantsRemoved ? true : undefined,
    removed: wantsRemoved ? true : undefined,
    at: flags.at,
  })
  const now = await timeOf(daemon, flags.at, position, session.now())
  const wanted = selectContainers(items, filters)
    .toSorted((a, b) => b.createdAt.localeCompare(a.createdAt))
    .slice(0, last ?? items.length)

  printList(session, format, flags.quiet === true, {
    items: wanted,
    position,
    row: container => containerRow(container, now, flags.noTrunc === true),
    id: ({ id }) => (flags.noTrunc === true ? id : shortId(id)),
    columns: ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Names'],
    headers: containerHeaders,
  })
  return 0
}

export default command<PsFlags, []>({
  brief: 'list containers',
  usage: 'ps [FLAG…]',
  examples: [
    ['ps', 'what runs'],
    ['ps -a', 'what has ended, too'],
    ['ps --removed', 'what was removed, too'],
    ['ps -a --at 10m', 'as it was ten minutes ago'],
    ["ps --format '{{.Names}}: {{.Status}}'", "docker's templates"],
    ['ps -aq --filter status=exited', 'ids, for other commands'],
  ],
  notes: `Filters: ${containerFilterKeys.join(', ')}.\n${momentForms}`,
  flags: {
    all: flag('not only what runs'),
    removed: flag('what was removed, too'),
    last: number('the newest N, in whatever state', 'N'),
    latest: flag('the newest, in whatever state'),
    filter: texts('only what matches', 'KEY=VALUE'),
    at: text('as of then', 'MOMENT', moments),
    format: text("json, or a template of docker's", 'FORMAT'),
    json: flag('objects, one a line'),
    quiet: flag('only ids'),
    noTrunc: flag('whole ids and commands'),
  },
  aliases: { a: 'all', n: 'last', l: 'latest', f: 'filter', q: 'quiet' },
  positional: none,
  run,
})
