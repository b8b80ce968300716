import type { AnyCommand } from './command.ts'

export type Group = 'run' | 'containers' | 'images' | 'history' | 'engine'

export type Entry = Readonly<{
  group: Group
  brief: string
  load: () => Promise<AnyCommand>
  isHidden?: boolean
}>

const entry = (
  group: Group,
  brief: string,
  load: () => Promise<Readonly<{ default: AnyCommand }>>,
  isHidden = false,
): Entry => ({ group, brief, load: async () => (await load()).default, isHidden })

/** Every command, and where it is: only the one that is asked for is loaded. */
export const catalogue: Readonly<Record<string, Entry>> = {
  run: entry('run', 'start a container and see it through', () => import('./commands/run.ts')),
  exec: entry('run', 'start a process in a running container', () => import('./commands/exec.ts')),
  attach: entry('run', 'join the streams of a running container', () => import('./commands/attach.ts')),
  create: entry('run', 'make a container without starting it', () => import('./commands/create.ts')),

  ps: entry('containers', 'list containers', () => import('./commands/ps.ts')),
  start: entry('containers', 'start what was created or has ended', () => import('./commands/start.ts')),
  stop: entry('containers', 'ask containers to end, then make them', () => import('./commands/stop.ts')),
  restart: entry('containers', 'stop, then start', () => import('./commands/restart.ts')),
  kill: entry('containers', 'send a signal', () => import('./commands/kill.ts')),
  pause: entry('containers', 'freeze all processes', () => import('./commands/pause.ts')),
  unpause: entry('containers', 'let them go on', () => import('./commands/unpause.ts')),
  wait: entry('containers', 'wait for the end, print the exit code', () => import('./commands/wait.ts')),
  logs: entry('containers', 'what a container wrote', () => import('./commands/logs.ts')),
  inspect: entry(
    'containers',
    'all that is known of a container or image',
    () => import('./commands/inspect.ts'),
  ),
  rename: entry('containers', 'give a container another name', () => import('./commands/rename.ts')),
  rm: entry('containers', 'remove containers; their history stays', () => import('./commands/rm.ts')),

  pull: entry('images', 'fetch an image from its registry', () => import('./commands/pull.ts')),
  images: entry('images', 'list images', () => import('./commands/images.ts')),
  tag: entry('images', 'give an image another name', () => import('./commands/tag.ts')),
  rmi: entry('images', 'remove images', () => import('./commands/rmi.ts')),
  image: entry('images', 'ls, pull, inspect, tag, rm, history', () => import('./commands/inspect.ts'), true),
  container: entry('containers', 'ls, inspect and the rest', () => import('./commands/inspect.ts'), true),
  'image-inspect': entry(
    'images',
    'all that is known of an image',
    () => import('./commands/image-inspect.ts'),
    true,
  ),

  why: entry('history', 'why a container is as it is', () => import('./commands/why.ts')),
  history: entry('history', 'what happened to one object, or to all', () => import('./commands/history.ts')),
  events: entry('history', 'what happens, as it happens', () => import('./commands/events.ts')),
  replay: entry(
    'history',
    'prove that read models follow from the log',
    () => import('./commands/replay.ts'),
  ),
  projection: entry('history', 'ls, rebuild', () => import('./commands/projection-ls.ts'), true),
  'projection-ls': entry(
    'history',
    'read models, how far they are, and what stopped them',
    () => import('./commands/projection-ls.ts'),
    true,
  ),
  'projection-rebuild': entry(
    'history',
    'make a read model again from the log',
    () => import('./commands/projection-rebuild.ts'),
    true,
  ),
  show: entry('history', 'one event, whole', () => import('./commands/show.ts')),

  daemon: entry('engine', 'run the daemon in the foreground', () => import('./commands/daemon.ts')),
  version: entry('engine', 'of client and daemon, and which socket', () => import('./commands/version.ts')),
  info: entry('engine', 'the daemon and its host', () => import('./commands/info.ts')),
  config: entry('engine', 'each setting and where it came from', () => import('./commands/config.ts')),
  completions: entry('engine', 'for bash, zsh or fish', () => import('./commands/completions.ts')),
}

/** Longer names, most of them docker's, by the noun that they begin with. */
export const families: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  image: {
    ls: 'images',
    list: 'images',
    pull: 'pull',
    inspect: 'image-inspect',
    tag: 'tag',
    rm: 'rmi',
    history: 'history',
  },
  projection: { ls: 'projection-ls', list: 'projection-ls', rebuild: 'projection-rebuild' },
  container: {
    ls: 'ps',
    list: 'ps',
    ...Object.fromEntries(
      [
        'run',
        'exec',
        'attach',
        'create',
        'start',
        'stop',
        'restart',
        'kill',
        'pause',
        'unpause',
        'wait',
        'logs',
        'inspect',
        'rename',
        'rm',
      ].map(name => [name, name]),
    ),
  },
}
