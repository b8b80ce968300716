import { command, many, text } from '../command.ts'
import { liveContainerNames } from '../completion-sources.ts'
import { commandEach } from './each.ts'
import { checkedSignal } from './signal.ts'

export default command<Readonly<{ signal?: string }>, Array<string>>({
  brief: 'send a signal',
  usage: 'kill [FLAG…] CONTAINER…',
  examples: [
    ['kill web', 'SIGKILL'],
    ['kill -s HUP web', 'another signal'],
  ],
  flags: { signal: text('which (SIGKILL)', 'SIGNAL') },
  aliases: { s: 'signal' },
  positional: many('containers', 'CONTAINER', 1, liveContainerNames),
  run: async (session, { signal }, ...names) =>
    commandEach(
      session,
      'kill-container',
      names,
      signal === undefined ? {} : { signal: await checkedSignal(signal) },
    ),
})
