import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { kebab } from '../arguments.ts'
import { command, none, text } from '../command.ts'
import { Failure } from '../failure.ts'

type DaemonFlags = Readonly<{
  config?: string
  root?: string
  state?: string
  socket?: string
  log?: string
  node?: string
  group?: string
  runtime?: string
  recordEnv?: string
  insecureRegistries?: string
  mirrors?: string
}>

/** `bin/shiplogd` beside this installation, whether it is bundled or not. */
const launcher = (): string => {
  for (let path = import.meta.dirname, i = 0; i < 5; path = join(path, '..'), i += 1) {
    const found = join(path, 'bin', 'shiplogd')
    if (existsSync(found)) return found
  }
  throw new Failure('bin/shiplogd is not beside this installation of shiplog')
}

export default command<DaemonFlags, []>({
  brief: 'run the daemon in the foreground',
  usage: 'daemon [FLAG…]',
  examples: [
    ['daemon', 'as root; the log is embedded, nothing else is needed'],
    ['daemon --root /data/shiplog --socket /tmp/shiplog.sock', 'another place, another socket'],
  ],
  notes: 'The same as shiplogd. systemctl start shiplog runs it in the background.',
  flags: {
    config: text('TOML; /etc/shiplog/config.toml where it exists', 'FILE'),
    root: text('what must survive a reboot', 'DIR'),
    state: text('what need not (a tmpfs)', 'DIR'),
    socket: text('where the HTTP API listens', 'PATH'),
    log: text('sqlite, or a connection string of an EventStoreDB', 'URL'),
    node: text('its name in the history', 'NAME'),
    group: text('who may open the socket, besides root', 'GROUP'),
    runtime: text('the OCI runtime', 'PATH'),
    recordEnv: text('what the history keeps of environments: all, names, none', 'WHAT'),
    insecureRegistries: text('hosts that may be asked over plain HTTP', 'HOSTS'),
    mirrors: text('REGISTRY=MIRROR, with commas between them', 'MIRRORS'),
  },
  positional: none,
  run: async (session, flags) => {
    const given = Object.entries(flags).flatMap(([name, value]) =>
      typeof value === 'string' && name !== 'host' ? [`--${kebab(name)}`, value] : [],
    )
    const path = launcher()
    const { execve } = process as {
      execve?: (path: string, args: ReadonlyArray<string>, env: object) => never
    }
    // In our place rather than as our child: what supervises us then supervises the daemon itself.
    if (execve !== undefined) execve('/bin/sh', ['sh', path, ...given], { ...session.env })
    const { spawn } = await import('node:child_process')
    const child = spawn('/bin/sh', [path, ...given], { stdio: 'inherit' })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      session.onSignal(signal, () => child.kill(signal))
    return new Promise<number>(resolve => child.on('close', code => resolve(code ?? 1)))
  },
})
