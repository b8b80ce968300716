import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import { askedEnvironment, recordedEnvironment } from '../../domain/bundle/environment.ts'
import type { RecordEnv } from '../../domain/bundle/environment.ts'
import { checkedOptions } from '../../domain/bundle/options.ts'
import { processArgs } from '../../domain/bundle/process-args.ts'
import { Bind, ConsoleSize, Ulimit } from '../../domain/kernel/container-options.ts'
import type { ContainerOptions } from '../../domain/kernel/container-options.ts'
import type { InvalidRequest } from '../../domain/kernel/decode.ts'
import { ContainerName } from '../../domain/kernel/identifiers.ts'
import type { ContainerId, Digest, ImageName } from '../../domain/kernel/identifiers.ts'
import { parseSignal } from '../../domain/kernel/signals.ts'
import type * as Runtime from '../../domain/runtime/index.ts'
import type { ImageView } from '../../projections/metadata/images.ts'
import { body, nullable } from '../body.ts'
import { fitting } from '../history-size.ts'

const strings = t.readonlyArray(t.string)
const Tmpfs = t.intersection([t.strict({ target: t.string }), t.partial({ options: strings })])

export const CreateContainer = body(
  'CreateContainer',
  { image: t.string },
  {
    name: nullable(ContainerName),
    autoRemove: t.boolean,
    args: strings,
    entrypoint: nullable(strings),
    env: strings,
    workingDir: nullable(t.string),
    user: nullable(t.string),
    hostname: nullable(t.string),
    terminal: t.boolean,
    stdin: t.boolean,
    consoleSize: nullable(ConsoleSize),
    readonly: t.boolean,
    binds: t.readonlyArray(Bind),
    tmpfs: t.readonlyArray(Tmpfs),
    labels: t.record(t.string, t.string),
    memory: nullable(t.number),
    cpus: nullable(t.number),
    pidsLimit: nullable(t.number),
    ulimits: t.readonlyArray(Ulimit),
    capAdd: strings,
    capDrop: strings,
    noNewPrivileges: t.boolean,
    seccomp: t.union([t.keyof({ default: null, unconfined: null }), t.UnknownRecord]),
    init: t.boolean,
    network: t.keyof({ none: null, host: null }),
    stopSignal: nullable(t.string),
  },
)
export type CreateContainer = t.TypeOf<typeof CreateContainer>

type Create = Extract<Runtime.Ask, { type: 'CreateContainer' }>

const invalid = (...errors: ReadonlyArray<string>): E.Either<InvalidRequest, never> =>
  E.left({ reason: 'invalid-request', errors })

/** What was asked, as the options of a container of that image. */
const optionsOf = (
  asked: CreateContainer,
  { target }: ImageView,
  recordEnv: RecordEnv,
): E.Either<InvalidRequest, ContainerOptions> => {
  const { image } = target
  const args = processArgs(image, { entrypoint: asked.entrypoint ?? null, args: asked.args ?? [] })
  if (E.isLeft(args)) return args
  const stopSignal = asked.stopSignal ?? null
  const signal = stopSignal === null ? O.some(null) : parseSignal(stopSignal)
  if (O.isNone(signal)) return invalid(`stopSignal: there is no signal "${stopSignal}"`)
  const { seccomp = 'default' } = asked
  return checkedOptions({
    args: args.right,
    environment: recordedEnvironment(asked.env ?? [], recordEnv),
    workingDir: asked.workingDir ?? null,
    user: asked.user ?? null,
    hostname: asked.hostname ?? null,
    terminal: asked.terminal ?? false,
    stdin: asked.stdin ?? false,
    consoleSize: asked.consoleSize ?? null,
    readonlyRootfs: asked.readonly ?? false,
    binds: asked.binds ?? [],
    tmpfs: (asked.tmpfs ?? []).map(({ target, options = [] }) => ({ target, options })),
    labels: { ...image.labels, ...asked.labels },
    memory: asked.memory ?? null,
    cpus: asked.cpus ?? null,
    pidsLimit: asked.pidsLimit ?? null,
    ulimits: asked.ulimits ?? [],
    capAdd: asked.capAdd ?? [],
    capDrop: asked.capDrop ?? [],
    noNewPrivileges: asked.noNewPrivileges ?? false,
    seccomp: typeof seccomp === 'string' ? { kind: seccomp } : { kind: 'profile', profile: seccomp },
    init: asked.init ?? false,
    network: asked.network ?? 'none',
    stopSignal: signal.value,
  })
}

/** The command, and the values of the environment that stay out of it. */
export const creationOf = (
  asked: CreateContainer,
  view: ImageView,
  container: ContainerId,
  name: ContainerName,
  start: boolean,
  recordEnv: RecordEnv,
): E.Either<InvalidRequest, Readonly<{ command: Create; environment: ReadonlyArray<string> }>> => {
  const environment = askedEnvironment(asked.env ?? [], 'env')
  if (E.isLeft(environment)) return environment
  const options = optionsOf(asked, view, recordEnv)
  if (E.isLeft(options)) return options
  const { manifest, config, layers, image } = view.target
  const command = fitting<Create>({
    type: 'CreateContainer',
    container,
    namespace: view.namespace,
    name,
    image: {
      name: view.name as ImageName,
      manifest,
      config: config.digest,
      layers: layers.map(({ chainId }): Digest => chainId),
    },
    defaults: image.defaults,
    options: options.right,
    autoRemove: asked.autoRemove ?? false,
    start,
  })
  return E.isLeft(command) ? command : E.right({ environment: environment.right, command: command.right })
}
