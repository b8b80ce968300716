import { parseDetachKeys, defaultDetachKeys } from '../attach/detach-keys.ts'
import type { Container } from '../client/answers.ts'
import { daemonFor, segment } from '../client/daemon.ts'
import { command, flag, required, text } from '../command.ts'
import { liveContainerNames } from '../completion-sources.ts'
import { Failure } from '../failure.ts'
import type { Session } from '../io.ts'
import { join } from './join.ts'

type AttachFlags = Readonly<{ noStdin?: boolean; sigProxy?: boolean; detachKeys?: string }>

const run = async (session: Session, flags: AttachFlags, name: string): Promise<number> => {
  const detachKeys = parseDetachKeys(flags.detachKeys ?? defaultDetachKeys)
  const daemon = daemonFor(session)
  const container = await daemon.get<Container>(`/v1/containers/${segment(name)}`)
  if (container.status !== 'running' && container.status !== 'paused')
    throw new Failure(
      `${name} does not run: it is ${container.status}`,
      container.status === 'removed' ? `shiplog why ${name}` : `shiplog start -a ${name}`,
    )
  return join(session, daemon, container, {
    // What it said before is in its logs.
    output: { tail: 0 },
    takesInput: container.options['stdin'] === true && flags.noStdin !== true,
    isProxying: flags.sigProxy !== false,
    detachKeys,
  })
}

export default command<AttachFlags, [string]>({
  brief: 'join the streams of a running container',
  usage: 'attach [FLAG…] CONTAINER',
  examples: [
    ['attach web', 'its output from now on; Ctrl-C goes to it'],
    ['attach --no-stdin web', 'only watch'],
  ],
  flags: {
    noStdin: flag('our input is not its input'),
    sigProxy: flag('hand signals on (on; --sig-proxy=false for off)'),
    detachKeys: text(`keys that leave it to itself (${defaultDetachKeys})`, 'KEYS'),
  },
  positional: { kind: 'tuple', parameters: [required('the container', 'CONTAINER', liveContainerNames)] },
  run,
})
