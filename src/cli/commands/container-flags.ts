import { choice, flag, text, texts } from '../command.ts'

/** What `run` and `create` take of docker's flags. */
export type ContainerFlags = Readonly<{
  rm?: boolean
  name?: string
  env?: ReadonlyArray<string>
  envFile?: ReadonlyArray<string>
  workdir?: string
  user?: string
  volume?: ReadonlyArray<string>
  tmpfs?: ReadonlyArray<string>
  entrypoint?: string
  hostname?: string
  label?: ReadonlyArray<string>
  readOnly?: boolean
  memory?: string
  cpus?: string
  pidsLimit?: string
  ulimit?: ReadonlyArray<string>
  capAdd?: ReadonlyArray<string>
  capDrop?: ReadonlyArray<string>
  securityOpt?: ReadonlyArray<string>
  init?: boolean
  network?: string
  stopSignal?: string
  pull?: 'always' | 'missing' | 'never'
  platform?: string
  interactive?: boolean
  tty?: boolean
  quiet?: boolean
}>

export const containerFlags = {
  name: text('what to call it', 'NAME'),
  rm: flag('remove it when it has ended; its history stays'),
  env: texts('a variable; NAME alone takes the value from here', 'NAME[=VALUE]'),
  envFile: texts('variables, one a line', 'FILE'),
  workdir: text('where the process starts', 'DIR'),
  user: text('who the process is', 'USER[:GROUP]'),
  volume: texts('a directory or file of the host', 'SRC:DST[:ro]'),
  tmpfs: texts('an empty file system in memory', 'DST[:OPTIONS]'),
  entrypoint: text("instead of the image's; empty for none", 'COMMAND'),
  hostname: text('its host name', 'NAME'),
  label: texts('a label', 'KEY[=VALUE]'),
  readOnly: flag('the root file system cannot be written to'),
  memory: text('at most so much memory (512m, 2g)', 'SIZE'),
  cpus: text('at most so many CPUs (1.5)', 'N'),
  pidsLimit: text('at most so many processes; -1 for no limit', 'N'),
  ulimit: texts('a limit of setrlimit(2)', 'NAME=SOFT[:HARD]'),
  capAdd: texts('a capability more', 'CAP'),
  capDrop: texts('a capability less', 'CAP'),
  securityOpt: texts('seccomp=FILE, seccomp=unconfined or no-new-privileges', 'OPTION'),
  init: flag('a small init reaps zombies and forwards signals'),
  network: text('none or host', 'NETWORK'),
  stopSignal: text('what asks it to stop', 'SIGNAL'),
  pull: choice('when to fetch the image (missing)', ['always', 'missing', 'never']),
  platform: text('of the image', 'OS/ARCH'),
  interactive: flag('our input is its input'),
  tty: flag('give it a terminal'),
  quiet: flag('nothing about fetching the image'),
} as const

export const containerAliases = {
  e: 'env',
  w: 'workdir',
  u: 'user',
  v: 'volume',
  h: 'hostname',
  l: 'label',
  m: 'memory',
  i: 'interactive',
  t: 'tty',
  q: 'quiet',
} as const
