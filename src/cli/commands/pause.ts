import { command, many } from '../command.ts'
import { liveContainerNames } from '../completion-sources.ts'
import { commandEach } from './each.ts'

export default command<object, Array<string>>({
  brief: 'freeze all processes',
  usage: 'pause CONTAINER…',
  examples: [['pause web', 'nothing of it runs until shiplog unpause web']],
  flags: {},
  positional: many('containers', 'CONTAINER', 1, liveContainerNames),
  run: (session, _, ...names) => commandEach(session, 'pause-container', names),
})
