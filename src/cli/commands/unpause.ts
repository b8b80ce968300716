import { command, many } from '../command.ts'
import { liveContainerNames } from '../completion-sources.ts'
import { commandEach } from './each.ts'

export default command<object, Array<string>>({
  brief: 'let them go on',
  usage: 'unpause CONTAINER…',
  examples: [['unpause web', 'all of it runs again']],
  flags: {},
  positional: many('containers', 'CONTAINER', 1, liveContainerNames),
  run: (session, _, ...names) => commandEach(session, 'unpause-container', names),
})
