import { daemonFor } from '../client/daemon.ts'
import { command, required } from '../command.ts'
import { imageNames } from '../completion-sources.ts'

export default command<object, [string, string]>({
  brief: 'give an image another name',
  usage: 'tag SOURCE TARGET',
  examples: [['tag alpine:3.20 registry.example/base:1', 'both names stand for the same image']],
  flags: {},
  positional: {
    kind: 'tuple',
    parameters: [required('the image', 'SOURCE', imageNames), required('its other name', 'TARGET')],
  },
  run: async (session, _, source, target) => {
    await daemonFor(session).command('tag-image', { source, target })
    return 0
  },
})
