import { daemonFor, segment } from '../client/daemon.ts'
import { command, required } from '../command.ts'

export default command<object, [string]>({
  brief: 'make a read model again from the log',
  usage: 'projection rebuild NAME',
  examples: [['projection rebuild containers', 'the one in use goes on until the new one takes its place']],
  flags: {},
  positional: { kind: 'tuple', parameters: [required('the read model', 'NAME')] },
  notes: 'For one that stopped, or that `shiplog replay` found to differ. The log is only read.',
  run: async (session, _, name) => {
    await daemonFor(session).post(`/v1/projections/${segment(name)}/rebuild`, {})
    session.out(`${name}\n`)
    return 0
  },
})
