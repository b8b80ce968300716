import { parseDetachKeys, defaultDetachKeys } from '../attach/detach-keys.ts'
import { signalProxy } from '../attach/signals.ts'
import { attach } from '../attach/streams.ts'
import { checkTerminal } from '../attach/terminal.ts'
import { daemonFor } from '../client/daemon.ts'
import { command, flag, many, text, texts } from '../command.ts'
import { liveContainerNames } from '../completion-sources.ts'
import { UsageError } from '../failure.ts'
import type { Session } from '../io.ts'
import { exitCodeOf } from './ended.ts'
import { environment } from './environment.ts'

type ExecFlags = Readonly<{
  detach?: boolean
  interactive?: boolean
  tty?: boolean
  env?: ReadonlyArray<string>
  envFile?: ReadonlyArray<string>
  user?: string
  workdir?: string
  detachKeys?: string
}>

const run = async (
  session: Session,
  flags: ExecFlags,
  container = '',
  ...args: ReadonlyArray<string>
): Promise<number> => {
  if (args.length === 0) throw new UsageError('COMMAND is missing', 'shiplog exec --help')
  const detachKeys = parseDetachKeys(flags.detachKeys ?? defaultDetachKeys)
  const isAttached = flags.detach !== true
  const hasTerminal = flags.tty === true
  if (isAttached) checkTerminal(session, flags)
  const env = environment(flags, session)
  const size = hasTerminal ? session.size() : null

  const daemon = daemonFor(session)
  const proxy = signalProxy(session, false)
  const work = async (): Promise<number> => {
    const { subject } = await daemon.command('exec-container', {
      container,
      args,
      ...(env.length === 0 ? {} : { env }),
      ...(flags.user === undefined ? {} : { user: flags.user }),
      ...(flags.workdir === undefined ? {} : { workingDir: flags.workdir }),
      terminal: hasTerminal,
      stdin: isAttached && flags.interactive === true,
      ...(size === null ? {} : { consoleSize: size }),
    })
    if (!isAttached) return 0
    const path = `/v1/execs/${subject.id}`
    const takesInput = flags.interactive === true
    const ended = await attach(session, daemon, { path, output: {}, hasTerminal, takesInput, detachKeys })
    return exitCodeOf(session, `${args[0]} in ${container}`, ended)
  }
  const left = proxy.left.then(exitCode => {
    session.err(`left ${args[0]} in ${container} to itself\n`)
    return exitCode
  })
  return Promise.race([work(), left])
}

export default command<ExecFlags, Array<string>>({
  brief: 'start a process in a running container',
  usage: 'exec [FLAG…] CONTAINER COMMAND [ARG…]',
  examples: [
    ['exec web cat /etc/hostname', 'its output is ours, its exit code too'],
    ['exec -it web sh', 'with a terminal'],
    ['exec -d -u nobody web sleep 60', 'in the background'],
  ],
  flags: {
    detach: flag('in the background'),
    interactive: flag('our input is its input'),
    tty: flag('give it a terminal'),
    env: texts('a variable; NAME alone takes the value from here', 'NAME[=VALUE]'),
    envFile: texts('variables, one a line', 'FILE'),
    user: text('who the process is', 'USER[:GROUP]'),
    workdir: text('where it starts', 'DIR'),
    detachKeys: text(`keys that leave it to itself (${defaultDetachKeys})`, 'KEYS'),
  },
  aliases: { d: 'detach', i: 'interactive', t: 'tty', e: 'env', u: 'user', w: 'workdir' },
  positional: many('the container, then the command line', 'CONTAINER', 1, liveContainerNames),
  stopsAtArguments: true,
  run,
})
