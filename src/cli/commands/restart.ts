import { command, many, number, text } from '../command.ts'
import { liveContainerNames } from '../completion-sources.ts'
import { commandEach } from './each.ts'
import { stopOptions } from './stop-options.ts'
import type { StopFlags } from './stop-options.ts'

export default command<StopFlags, Array<string>>({
  brief: 'stop, then start',
  usage: 'restart [FLAG…] CONTAINER…',
  examples: [
    ['restart web', 'SIGKILL after 10 seconds, where it does not end by itself'],
    ['restart -t 0 web', 'at once'],
  ],
  flags: {
    timeout: number('seconds until SIGKILL; -1 for never', 'SECONDS'),
    signal: text('instead of its stop signal', 'SIGNAL'),
  },
  aliases: { t: 'timeout', s: 'signal' },
  positional: many('containers', 'CONTAINER', 1, liveContainerNames),
  run: async (session, flags, ...names) =>
    commandEach(session, 'restart-container', names, await stopOptions(flags)),
})
