import { command, many, number, text } from '../command.ts'
import { liveContainerNames } from '../completion-sources.ts'
import { commandEach } from './each.ts'
import { stopOptions } from './stop-options.ts'
import type { StopFlags } from './stop-options.ts'

export default command<StopFlags, Array<string>>({
  brief: 'ask containers to end, then make them',
  usage: 'stop [FLAG…] CONTAINER…',
  examples: [
    ['stop web', 'its stop signal, SIGKILL after 10 seconds'],
    ['stop -t 60 web db', 'both, with more patience'],
    ['stop -t -1 db', 'however long it takes'],
  ],
  flags: {
    timeout: number('seconds until SIGKILL; -1 for never', 'SECONDS'),
    signal: text('instead of its stop signal', 'SIGNAL'),
  },
  aliases: { t: 'timeout', s: 'signal' },
  positional: many('containers', 'CONTAINER', 1, liveContainerNames),
  run: async (session, flags, ...names) =>
    commandEach(session, 'stop-container', names, await stopOptions(flags)),
})
