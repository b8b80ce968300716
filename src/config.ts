import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { parseArgs } from 'node:util'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { parse as parseToml } from 'smol-toml'
import { NodeName } from './domain/kernel/identifiers.ts'

const absolutePath = new t.Type<string, string>(
  'an absolute path',
  t.string.is,
  (u, c) => (typeof u === 'string' && u.startsWith('/') ? t.success(u) : t.failure(u, c)),
  t.identity,
)

const logUrl = new t.Type<string, string>(
  '"sqlite", or a connection string that begins with esdb:// or esdb+discover://',
  t.string.is,
  (u, c) =>
    typeof u === 'string' && (u === 'sqlite' || /^(?:esdb|kurrentdb)(?:\+discover)?:\/\//.test(u))
      ? t.success(u)
      : t.failure(u, c),
  t.identity,
)

/** A connection string may carry a password, also one with an `@` or a `/` in it that should have been written otherwise. */
export const withoutPassword = (log: string) => log.replace(/^([a-z+]*:\/\/)?.*@/, '$1')

const hosts = t.readonlyArray(t.string, 'a list of hosts')

/** Every setting there is: its codec, its default, and what it is for. Names are the same in the file, as flags and (SHIPLOG_…) in the environment. */
const settings = {
  root: { codec: absolutePath, fallback: '/var/lib/shiplog', about: 'what must survive a reboot' },
  state: { codec: absolutePath, fallback: '/run/shiplog', about: 'what need not (a tmpfs)' },
  socket: { codec: absolutePath, fallback: '', about: 'the HTTP API; default <state>/shiplog.sock' },
  log: { codec: logUrl, fallback: 'sqlite', about: 'where the history is' },
  node: { codec: NodeName, fallback: '', about: 'this daemon in the history; default the host name' },
  group: { codec: t.string, fallback: 'shiplog', about: 'who may open the socket, besides root' },
  runtime: { codec: t.string, fallback: 'runc', about: 'the OCI runtime' },
  'record-env': {
    codec: t.keyof({ all: null, names: null, none: null }),
    fallback: 'names',
    about: 'what the history keeps of environments',
  },
  'insecure-registries': { codec: hosts, fallback: [], about: 'hosts that may be asked over plain HTTP' },
  mirrors: {
    codec: t.record(t.string, hosts, 'a table of lists of mirrors by registry'),
    fallback: {},
    about: 'mirrors by registry, tried in their order before it',
  },
} as const

type Settings = typeof settings
export type SettingName = keyof Settings
export type Source = 'default' | 'file' | 'environment' | 'flag'

type Values = { readonly [S in SettingName]: t.TypeOf<Settings[S]['codec']> }

export type Config = Readonly<{
  values: Values
  /** Where each value came from; later ones win: default, file, environment, flag. */
  sources: Readonly<Record<SettingName, Source>>
  file: string | null
}>

const names = Object.keys(settings) as ReadonlyArray<SettingName>

const defaultFile = '/etc/shiplog/config.toml'

/** The host's own name, made to fit a node's. */
const nodeFromHost = () => {
  const name = hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9.]/g, '')
    .replace(/^\.+/, '')
    .slice(0, 63)
    .replace(/\.+$/, '')
  return name === '' ? 'localhost' : name
}

const isList = (name: SettingName) => settings[name].codec === hosts

/** Environment and flags are strings: lists are separated by commas, mirrors are written as `registry=mirror`. */
const fromText = (name: SettingName, text: string): unknown => {
  const parts = text.split(',').filter(part => part !== '')
  if (isList(name)) return parts
  if (name !== 'mirrors') return text
  const mirrors: Record<string, Array<string>> = {}
  for (const part of parts) {
    const [registry, mirror] = part.split('=')
    if (registry === undefined || mirror === undefined || mirror === '') return text
    mirrors[registry] = [...(mirrors[registry] ?? []), mirror]
  }
  return mirrors
}

export const helpText = () =>
  [
    'shiplogd: the shiplog daemon',
    '',
    '  shiplogd                                   as root; the log is embedded, nothing else is needed',
    '  shiplogd --root /data/shiplog --node n1    another place, another name in the history',
    '',
    '  --config FILE            TOML, default /etc/shiplog/config.toml where it exists',
    ...names.map(name => `  --${name}`.padEnd(27) + settings[name].about),
    '',
    'Each setting is also a key of the file and, as SHIPLOG_ROOT and so on, a variable of the environment.',
    'Flags win over the environment, the environment over the file. `shiplog config` shows what is in force.',
  ].join('\n')

/** `exitCode`: 2 where the command line is wrong, 78 (EX_CONFIG of sysexits.h) where a file or the environment is. */
type Wrong = Readonly<{ errors: ReadonlyArray<string>; exitCode: number }>

const WRONG_USAGE = 2
const WRONG_CONFIGURATION = 78

/** Reads flags, environment and file, once. Every fault is named, not only the first. */
export const readConfig = (
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string | undefined>>,
): E.Either<Wrong, Config | 'help'> => {
  const flags = readFlags(args)
  if (E.isLeft(flags)) return flags
  if (flags.right['help'] === true) return E.right('help')

  const asked = flags.right['config'] ?? env['SHIPLOG_CONFIG']
  const file = readFile(typeof asked === 'string' ? asked : null)
  if (E.isLeft(file)) {
    const { errors, isThere } = file.left
    const isWrongFlag = !isThere && flags.right['config'] !== undefined
    return E.left({ errors, exitCode: isWrongFlag ? WRONG_USAGE : WRONG_CONFIGURATION })
  }

  const errors = unknownKeys(file.right)
  let exitCode = WRONG_CONFIGURATION
  const values: Record<string, unknown> = {}
  const sources: Record<string, Source> = {}
  for (const name of names) {
    const flag = flags.right[name]
    const variable = env[`SHIPLOG_${name.toUpperCase().replaceAll('-', '_')}`]
    const [source, given]: readonly [Source, unknown] =
      typeof flag === 'string'
        ? ['flag', fromText(name, flag)]
        : variable !== undefined && variable !== ''
          ? ['environment', fromText(name, variable)]
          : file.right.table[name] !== undefined
            ? ['file', file.right.table[name]]
            : ['default', settings[name].fallback]
    sources[name] = source
    if (source === 'default') {
      values[name] = given
      continue
    }
    const { codec } = settings[name]
    const decoded = (codec as t.Decoder<unknown, unknown> & { name: string }).decode(given)
    const shown = name === 'log' && typeof given === 'string' ? withoutPassword(given) : given
    if (E.isRight(decoded)) values[name] = decoded.right
    else {
      errors.push(`${name} (from the ${source}): expected ${codec.name}, got ${JSON.stringify(shown)}`)
      if (source === 'flag') exitCode = WRONG_USAGE
    }
  }
  if (errors.length > 0) return E.left({ errors, exitCode })

  if (values['node'] === '') values['node'] = nodeFromHost()
  if (values['socket'] === '') values['socket'] = `${String(values['state'])}/shiplog.sock`
  return E.right({
    values: values as unknown as Values,
    sources: sources as Record<SettingName, Source>,
    file: file.right.path,
  })
}

const readFlags = (
  args: ReadonlyArray<string>,
): E.Either<Wrong, Readonly<Record<string, string | boolean | undefined>>> => {
  try {
    const options = Object.fromEntries([...names, 'config'].map(name => [name, { type: 'string' as const }]))
    const { values } = parseArgs({
      args: [...args],
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      strict: true,
    })
    return E.right(values as Record<string, string | boolean | undefined>)
  } catch (error) {
    return E.left({ errors: [`${(error as Error).message} (try: shiplogd --help)`], exitCode: WRONG_USAGE })
  }
}

type File = Readonly<{ path: string | null; table: Readonly<Record<string, unknown>> }>

type WrongFile = Readonly<{ errors: ReadonlyArray<string>; isThere: boolean }>

const readFile = (asked: string | null): E.Either<WrongFile, File> => {
  const path = asked ?? defaultFile
  const wrong = (error: unknown, isThere: boolean): E.Either<WrongFile, never> => {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    const cause = isMissing ? 'there is no such file' : (error as Error).message.split('\n')[0]
    return E.left({ errors: [`${path}: ${cause}`], isThere })
  }
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    return isMissing && asked === null ? E.right({ path: null, table: {} }) : wrong(error, false)
  }
  try {
    return E.right({ path, table: parseToml(text) })
  } catch (error) {
    return wrong(error, true)
  }
}

const unknownKeys = ({ path, table }: File) =>
  Object.keys(table)
    .filter(key => !names.includes(key as SettingName))
    .map(key => `${path}: there is no setting "${key}" (there are: ${names.join(', ')})`)
