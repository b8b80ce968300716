import { parseDetachKeys, defaultDetachKeys } from '../attach/detach-keys.ts'
import { signalProxy } from '../attach/signals.ts'
import { attach } from '../attach/streams.ts'
import { checkTerminal } from '../attach/terminal.ts'
import { daemonFor } from '../client/daemon.ts'
import { command, flag, many, text } from '../command.ts'
import { imageNames } from '../completion-sources.ts'
import type { Session } from '../io.ts'
import { containerBody } from './container-body.ts'
import { containerAliases, containerFlags } from './container-flags.ts'
import type { ContainerFlags } from './container-flags.ts'
import { exitCodeOf } from './ended.ts'
import { forwardTo } from './forward.ts'
import { withImage } from './with-image.ts'

type RunFlags = ContainerFlags & Readonly<{ detach?: boolean; detachKeys?: string; sigProxy?: boolean }>

const run = async (
  session: Session,
  flags: RunFlags,
  image = '',
  ...args: ReadonlyArray<string>
): Promise<number> => {
  const detachKeys = parseDetachKeys(flags.detachKeys ?? defaultDetachKeys)
  const hasTerminal = flags.tty === true
  const takesInput = flags.interactive === true && flags.detach !== true
  if (flags.detach !== true) checkTerminal(session, flags)
  const body = await containerBody(session, flags, image, args)

  const daemon = daemonFor(session)
  const isForwarding = flags.detach !== true && !hasTerminal && flags.sigProxy !== false
  const proxy = signalProxy(session, isForwarding)
  let name: string | null = null

  const work = async (): Promise<number> => {
    const { subject } = await withImage(session, daemon, flags, image, proxy, () =>
      daemon.command('run-container', body, { until: 'started' }),
    )
    name = subject.name ?? subject.id.slice(0, 12)
    if (flags.detach === true) {
      session.out(`${subject.id}\n`)
      return 0
    }
    if (isForwarding) proxy.sendTo(forwardTo(daemon, subject.id))
    const path = `/v1/containers/${subject.id}`
    const outcome = await attach(session, daemon, { path, output: {}, hasTerminal, takesInput, detachKeys })
    return exitCodeOf(session, name, outcome)
  }

  const left = proxy.left.then(exitCode => {
    session.err(
      name === null
        ? `left; the daemon goes on with ${image}: shiplog ps -a\n`
        : `left ${name} to itself; end it with: shiplog stop ${name}\n`,
    )
    return exitCode
  })
  return Promise.race([work(), left])
}

export default command<RunFlags, Array<string>>({
  brief: 'start a container and see it through',
  usage: 'run [FLAG…] IMAGE [ARG…]',
  examples: [
    ['run --rm alpine echo hello', 'pull what is missing, run it, remove it'],
    ['run -d --name web -e PORT=8080 -v /srv:/srv:ro web:1', 'in the background; prints its id'],
    ['run --rm -it alpine sh', 'with a terminal; ctrl-p ctrl-q detaches'],
    ['run --rm --memory 64m --cpus 0.5 alpine true', 'with limits'],
  ],
  notes: [
    'The exit code is that of the container; 125 if the engine said no, 126 if the command cannot be executed,',
    '127 if it is not there. Signals are handed on; a second Ctrl-C leaves the container to itself.',
  ].join('\n'),
  flags: {
    detach: flag('in the background; prints the id'),
    ...containerFlags,
    detachKeys: text(`keys that leave it to itself (${defaultDetachKeys})`, 'KEYS'),
    sigProxy: flag('hand signals on (on; --sig-proxy=false for off)'),
  },
  aliases: { d: 'detach', ...containerAliases },
  positional: many('the image, then the command line', 'IMAGE', 1, imageNames),
  stopsAtArguments: true,
  run,
})
