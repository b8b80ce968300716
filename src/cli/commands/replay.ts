import { daemonFor } from '../client/daemon.ts'
import { command, flag, none, text } from '../command.ts'
import { moments } from '../completion-sources.ts'
import type { Session } from '../io.ts'
import { harmless } from '../output/colour.ts'
import { formatOf, sayPosition } from '../output/list.ts'
import type { FormatFlags } from '../output/list.ts'
import { table } from '../output/table.ts'

type ReplayFlags = FormatFlags & Readonly<{ projection?: string; to?: string }>

type TableReplay = Readonly<{
  table: string
  rows: number
  missing: number
  unexpected: number
  examples: ReadonlyArray<Readonly<{ is: 'missing' | 'unexpected'; row: object }>>
}>

type Answer = Readonly<{
  position: number
  isEqual: boolean
  projections: ReadonlyArray<
    Readonly<{
      name: string
      version: number
      position: number
      tables: ReadonlyArray<TableReplay>
      withoutPast: ReadonlyArray<string>
    }>
  >
}>

/** The models are not as the log says. */
const DIFFERENT = 1

const run = async (session: Session, flags: ReplayFlags): Promise<number> => {
  const format = formatOf(flags)
  const { projection, to } = flags
  const answer = await daemonFor(session).get<Answer>('/v1/replay', { projection, to })
  if (format === 'people') tell(session, answer)
  else session.out(format === 'json' ? `${JSON.stringify(answer)}\n` : format.render([answer]))
  return answer.isEqual ? 0 : DIFFERENT
}

const tell = (session: Session, { projections, position }: Answer): void => {
  const found = ({ missing, unexpected }: TableReplay) =>
    missing + unexpected === 0 ? 'equal' : `${missing} missing, ${unexpected} that should not be`
  const rows = projections.flatMap(({ name, version, position: at, tables, withoutPast }) => [
    ...tables.map(each => [`${name} v${version}`, each.table, `@${at}`, String(each.rows), found(each)]),
    ...withoutPast.map(each => [`${name} v${version}`, each, `@${at}`, '', 'keeps no past: not compared']),
  ])
  session.out(table(['PROJECTION', 'TABLE', 'AS OF', 'ROWS', 'RESULT'], rows))
  for (const each of projections.flatMap(({ tables }) => tables))
    for (const { is, row } of each.examples)
      session.out(harmless(`${each.table}: ${is === 'missing' ? '-' : '+'} ${JSON.stringify(row)}`) + '\n')
  sayPosition(session, position)
}

export default command<ReplayFlags, []>({
  brief: 'prove that read models follow from the log',
  usage: 'replay [FLAG…]',
  examples: [
    ['replay', 'make all read models again, aside, and compare each row'],
    ['replay --projection containers', 'one of them'],
    ['replay --to yesterday', 'as they were then'],
  ],
  notes: [
    'Nothing happens a second time: only read models are made, in a file that is removed again.',
    'Exit code 1 where they differ; then the first rows that are missing (-) and that should not be there (+).',
  ].join('\n'),
  flags: {
    projection: text('only this one', 'NAME'),
    to: text('as of then', 'MOMENT', moments),
    format: text('json, or a template', 'FORMAT'),
    json: flag('one object'),
  },
  aliases: { f: 'format' },
  positional: none,
  run,
})
