import { daemonFor } from '../client/daemon.ts'
import { command, required } from '../command.ts'
import { liveContainerNames } from '../completion-sources.ts'

export default command<object, [string, string]>({
  brief: 'give a container another name',
  usage: 'rename CONTAINER NAME',
  examples: [['rename web web-old', 'so that another can be web']],
  flags: {},
  positional: {
    kind: 'tuple',
    parameters: [
      required('the container', 'CONTAINER', liveContainerNames),
      required('its new name', 'NAME'),
    ],
  },
  run: async (session, _, container, name) => {
    await daemonFor(session).command('rename-container', { container, name })
    return 0
  },
})
