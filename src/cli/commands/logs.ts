import { copyOutput } from '../attach/streams.ts'
import { daemonFor, segment } from '../client/daemon.ts'
import { command, flag, required, text } from '../command.ts'
import { containerNames, moments } from '../completion-sources.ts'
import { UsageError } from '../failure.ts'
import type { Session } from '../io.ts'
import { sayIfRemoved } from './removed.ts'

type LogsFlags = Readonly<{
  follow?: boolean
  since?: string
  until?: string
  tail?: string
  timestamps?: boolean
}>

const run = async (session: Session, flags: LogsFlags, container: string): Promise<number> => {
  const { follow, since, until, tail, timestamps } = flags
  if (tail !== undefined && !/^(?:all|[0-9]+)$/.test(tail))
    throw new UsageError(`--tail "${tail}": it is a number of lines, or all`)
  const daemon = daemonFor(session)
  // Asked for on the same connection, and before: so it is answered before output that may never end.
  const removed = sayIfRemoved(session, daemon, container)
  const { headers, body } = await daemon.open(`/v1/containers/${segment(container)}/output`, {
    follow: follow === true ? true : undefined,
    since,
    until,
    tail,
    timestamps: timestamps === true ? true : undefined,
  })
  await removed
  await copyOutput(session, body, headers['content-type']?.includes('raw-stream') === true)
  return 0
}

export default command<LogsFlags, [string]>({
  brief: 'what a container wrote',
  usage: 'logs [FLAG…] CONTAINER',
  examples: [
    ['logs web', 'stdout and stderr apart, as it wrote them'],
    ['logs -f --tail 20 web', 'the end of it, and what comes'],
    ['logs -t --since 10m web', 'the last ten minutes, with times'],
  ],
  notes: 'It answers for removed containers too, as long as their output is kept.',
  flags: {
    follow: flag('go on with what comes'),
    since: text('from then on', 'MOMENT', moments),
    until: text('up to then', 'MOMENT', moments),
    tail: text('the last N lines (all)', 'N'),
    timestamps: flag('when each line was written'),
  },
  aliases: { f: 'follow', n: 'tail', t: 'timestamps' },
  positional: { kind: 'tuple', parameters: [required('the container', 'CONTAINER', containerNames)] },
  run,
})
