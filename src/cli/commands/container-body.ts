import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Either } from 'fp-ts/lib/Either.js'
import { UsageError } from '../failure.ts'
import type { Session } from '../io.ts'
import type { ContainerFlags } from './container-flags.ts'
import { environment } from './environment.ts'
import { checkedSignal } from './signal.ts'

/** What `create-container` and `run-container` take. Only what was asked for is in it. */
export const containerBody = async (
  session: Session,
  flags: ContainerFlags,
  image: string,
  args: ReadonlyArray<string>,
): Promise<Readonly<Record<string, unknown>>> => {
  const { label, securityOpt, entrypoint } = flags
  const env = environment(flags, session)
  const size = flags.tty === true ? session.size() : null
  return present({
    image,
    name: flags.name,
    autoRemove: flags.rm,
    args: args.length === 0 ? undefined : args,
    entrypoint: entrypoint === undefined ? undefined : entrypoint === '' ? [] : [entrypoint],
    env: env.length === 0 ? undefined : env,
    workingDir: flags.workdir,
    user: flags.user,
    hostname: flags.hostname,
    terminal: flags.tty,
    stdin: flags.interactive,
    readonly: flags.readOnly,
    labels: label === undefined ? undefined : labelsOf(label),
    init: flags.init,
    network: networkOf(flags.network),
    stopSignal: flags.stopSignal === undefined ? undefined : await checkedSignal(flags.stopSignal),
    consoleSize: size ?? undefined,
    ...(securityOpt === undefined ? {} : securityOf(securityOpt, session.cwd)),
    ...(await limitsOf(flags)),
    ...(await mountsOf(flags, session.cwd)),
    ...(await capabilitiesOf(flags)),
  })
}

const present = (body: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined))

type Parsed<Value> = Either<Readonly<{ errors: ReadonlyArray<string> }>, Value>

/** The value of a flag, or a `UsageError` with what the engine's own parser says of it. */
const valueOf = <Value>(name: string, parsed: Parsed<Value>): Value => {
  if (parsed._tag === 'Right') return parsed.right
  throw new UsageError(`--${name}: ${parsed.left.errors.join('; ')}`)
}

// The parsers are the engine's. They are loaded where there is something to parse: most commands give no limits.

const limitsOf = async ({ memory, cpus, pidsLimit, ulimit }: ContainerFlags) => {
  const limits: Record<string, unknown> = {}
  if (memory !== undefined) {
    const { parseMemory } = await import('../../domain/bundle/memory.ts')
    limits['memory'] = valueOf('memory', parseMemory(memory)) ?? undefined
  }
  if (cpus !== undefined) {
    const { parseCpus } = await import('../../domain/bundle/cpus.ts')
    limits['cpus'] = valueOf('cpus', parseCpus(cpus)) ?? undefined
  }
  if (pidsLimit !== undefined) {
    if (!/^(?:-1|[0-9]{1,10})$/.test(pidsLimit))
      throw new UsageError(`--pids-limit: "${pidsLimit}" is not a number of processes, nor -1`)
    const most = Number(pidsLimit)
    limits['pidsLimit'] = most > 0 ? most : undefined
  }
  if (ulimit !== undefined) {
    const { parseUlimit } = await import('../../domain/bundle/ulimit.ts')
    limits['ulimits'] = ulimit.map(each => valueOf('ulimit', parseUlimit(each)))
  }
  return limits
}

/** `./data:/data` is meant from where we are, which the daemon cannot know. */
const fromHere = (volume: string, cwd: string): string => {
  const [source = '', ...rest] = volume.split(':')
  return /^\.\.?(?:\/|$)/.test(source) ? [resolve(cwd, source), ...rest].join(':') : volume
}

const mountsOf = async ({ volume, tmpfs }: ContainerFlags, cwd: string) => {
  const mounts: Record<string, unknown> = {}
  if (volume !== undefined) {
    const { parseBind } = await import('../../domain/bundle/bind.ts')
    mounts['binds'] = volume.map(each => valueOf('volume', parseBind(fromHere(each, cwd))))
  }
  if (tmpfs !== undefined) {
    const { parseTmpfs } = await import('../../domain/bundle/tmpfs.ts')
    mounts['tmpfs'] = tmpfs.map(each => valueOf('tmpfs', parseTmpfs(each)))
  }
  return mounts
}

const capabilitiesOf = async ({ capAdd, capDrop }: ContainerFlags) => {
  if (capAdd === undefined && capDrop === undefined) return {}
  const { parseCapability } = await import('../../domain/bundle/capabilities.ts')
  return {
    capAdd: capAdd?.map(each => valueOf('cap-add', parseCapability(each))),
    capDrop: capDrop?.map(each => valueOf('cap-drop', parseCapability(each))),
  }
}

const labelsOf = (given: ReadonlyArray<string>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    given.map(label => {
      const [key = '', ...value] = label.split('=')
      if (key === '') throw new UsageError(`--label: "${label}" has no key`)
      return [key, value.join('=')]
    }),
  )

const networkOf = (network: string | undefined): string | undefined => {
  if (network === undefined || network === 'none' || network === 'host') return network
  throw new UsageError(`--network: there is no network ${network}; it is none or host`)
}

/** docker's `seccomp=FILE`, `seccomp=unconfined`, `no-new-privileges[=true]`; older dockers wrote `:` for `=`. */
const securityOf = (options: ReadonlyArray<string>, cwd: string) => {
  const security: { noNewPrivileges?: boolean; seccomp?: unknown } = {}
  for (const option of options) {
    const [, key = option, value = ''] = /^([a-z-]+)[=:](.*)$/s.exec(option) ?? []
    if (key === 'no-new-privileges' && ['', 'true', 'false'].includes(value)) {
      security.noNewPrivileges = value !== 'false'
    } else if (key === 'seccomp' && value !== '') {
      security.seccomp = ['unconfined', 'default', 'builtin'].includes(value)
        ? value.replace('builtin', 'default')
        : profileIn(resolve(cwd, value))
    } else {
      throw new UsageError(
        `--security-opt: cannot do "${option}"`,
        'seccomp=FILE, seccomp=unconfined or no-new-privileges',
      )
    }
  }
  return security
}

const profileIn = (path: string): unknown => {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new UsageError(
      `--security-opt seccomp=${path}: ${code === 'ENOENT' ? 'there is no such file' : `it cannot be read as a profile (${message})`}`,
    )
  }
}
