import { parseDetachKeys, defaultDetachKeys } from '../attach/detach-keys.ts'
import type { Container } from '../client/answers.ts'
import { daemonFor, segment } from '../client/daemon.ts'
import { command, flag, many, text } from '../command.ts'
import { liveContainerNames } from '../completion-sources.ts'
import { UsageError } from '../failure.ts'
import type { Session } from '../io.ts'
import { commandEach } from './each.ts'
import { join } from './join.ts'

type StartFlags = Readonly<{
  attach?: boolean
  interactive?: boolean
  sigProxy?: boolean
  detachKeys?: string
}>

const run = async (session: Session, flags: StartFlags, ...names: ReadonlyArray<string>): Promise<number> => {
  const detachKeys = parseDetachKeys(flags.detachKeys ?? defaultDetachKeys)
  if (flags.attach !== true && flags.interactive !== true)
    return commandEach(session, 'start-container', names)

  const [name = '', ...more] = names
  if (more.length > 0)
    throw new UsageError('with -a or -i only one container can be started', 'shiplog start --help')
  const daemon = daemonFor(session)
  // What it wrote in earlier runs is in its logs: this run's output begins with the event that asked for it.
  const [operation, container] = await Promise.all([
    daemon.command('start-container', { container: name }),
    daemon.get<Container>(`/v1/containers/${segment(name)}`),
  ])
  const asked = operation.events.find(event => event.type === 'ContainerStartRequested')
  return join(session, daemon, container, {
    output: asked === undefined || container.run === 0 ? {} : { since: asked.occurredAt },
    takesInput: flags.interactive === true && container.options['stdin'] === true,
    isProxying: flags.sigProxy !== false,
    detachKeys,
  })
}

export default command<StartFlags, Array<string>>({
  brief: 'start what was created or has ended',
  usage: 'start [FLAG…] CONTAINER…',
  examples: [
    ['start web', 'in the background'],
    ['start -a web', 'with its output and exit code'],
    ['start -ai shell', 'with our input too'],
  ],
  flags: {
    attach: flag('its output is ours, its exit code too'),
    interactive: flag('our input is its input'),
    sigProxy: flag('hand signals on (on; --sig-proxy=false for off)'),
    detachKeys: text(`keys that leave it to itself (${defaultDetachKeys})`, 'KEYS'),
  },
  aliases: { a: 'attach', i: 'interactive' },
  positional: many('containers', 'CONTAINER', 1, liveContainerNames),
  run,
})
