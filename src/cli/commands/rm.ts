import { command, flag, many } from '../command.ts'
import { liveContainerNames } from '../completion-sources.ts'
import { commandEach } from './each.ts'

export default command<Readonly<{ force?: boolean }>, Array<string>>({
  brief: 'remove containers; their history stays',
  usage: 'rm [FLAG…] CONTAINER…',
  examples: [
    ['rm web', 'what is left: shiplog history web, logs web, why web'],
    ['rm -f web db', 'even if they run'],
  ],
  flags: { force: flag('kill it first if it runs') },
  aliases: { f: 'force' },
  positional: many('containers', 'CONTAINER', 1, liveContainerNames),
  run: (session, { force }, ...names) =>
    commandEach(session, 'remove-container', names, force === true ? { force } : {}),
})
