import {
  AliasNotFoundError,
  ArgumentParseError,
  buildApplication,
  buildCommand,
  buildRouteMap,
  EnumValidationError,
  FlagNotFoundError,
  run,
  text_en,
  UnexpectedPositionalError,
  UnsatisfiedFlagError,
  UnsatisfiedPositionalError,
} from '@stricli/core'
import type { ApplicationText, Command, CommandContext } from '@stricli/core'
import { kebab } from './arguments.ts'
import { catalogue } from './catalogue.ts'
import type { AnyCommand } from './command.ts'
import { UsageError } from './failure.ts'
import type { Parsed } from './quick-reading.ts'

export const scanner = {
  caseStyle: 'allow-kebab-for-camel',
  allowArgumentEscapeSequence: true,
  // Two letters changed or swapped are a slip of the hand; more is another word.
  distanceOptions: {
    threshold: 4,
    weights: { insertion: 1, deletion: 2, substitution: 2, transposition: 0 },
  },
} as const

export const asCommand = (
  spec: AnyCommand,
  func: (flags: Parsed['flags'], ...args: ReadonlyArray<string>) => void,
): Command<CommandContext> =>
  buildCommand({
    docs: { brief: spec.brief },
    parameters: { flags: spec.flags, aliases: spec.aliases ?? {}, positional: spec.positional },
    func,
  } as unknown as Parameters<typeof buildCommand>[0]) as Command<CommandContext>

const silent = () => ({ process: { stdout: { write: () => {} }, stderr: { write: () => {} } } })

/** Normalised inputs in, flags and arguments out; what cannot be read is a `UsageError` that names it. */
export const parse = async (
  spec: AnyCommand,
  name: string,
  inputs: ReadonlyArray<string>,
): Promise<Parsed> => {
  let parsed: Parsed | null = null
  let wrong: UsageError | null = null
  const advice = `shiplog ${name} --help`
  const target = asCommand(spec, (flags, ...args) => {
    parsed = { flags, args }
  })
  const text: ApplicationText = {
    ...text_en,
    exceptionWhileParsingArguments: error => {
      wrong ??= usageError(error, advice)
      return ''
    },
  }
  const app = buildApplication(target, { name, scanner, localization: { text } }, {})
  await run(app, inputs, silent())
  if (wrong !== null) throw wrong
  return parsed ?? { flags: {}, args: [] }
}

const shown = (input: string) => input.replace(/^\0/, '')

const usageError = (error: unknown, advice: string): UsageError => {
  if (error instanceof FlagNotFoundError) {
    const [closest] = error.corrections
    return new UsageError(
      `there is no flag --${error.input}${closest === undefined ? '' : `: did you mean --${kebab(closest)}?`}`,
      advice,
    )
  }
  if (error instanceof AliasNotFoundError) return new UsageError(`there is no flag -${error.input}`, advice)
  if (error instanceof UnsatisfiedFlagError)
    return new UsageError(`--${error.externalFlagName} needs a value`, advice)
  if (error instanceof ArgumentParseError) {
    const cause = error.exception instanceof Error ? error.exception.message : String(error.exception)
    return new UsageError(
      `--${error.externalFlagNameOrPlaceholder} "${shown(error.input)}": ${cause}`,
      advice,
    )
  }
  if (error instanceof EnumValidationError)
    return new UsageError(
      `--${error.externalFlagName} "${shown(error.input)}": it is one of ${error.values.join(', ')}`,
      advice,
    )
  if (error instanceof UnsatisfiedPositionalError)
    return new UsageError(`${error.placeholder} is missing`, advice)
  if (error instanceof UnexpectedPositionalError)
    return new UsageError(
      error.expectedCount === 0
        ? `no argument is expected, and there is "${error.input}"`
        : `too many arguments: "${error.input}" is one more than there may be`,
      advice,
    )
  return new UsageError(error instanceof Error ? error.message : String(error), advice)
}

/** All commands as the parser's routes; `load`ed ones only where their flags matter. */
export const routes = (specs: Readonly<Record<string, AnyCommand>>) =>
  buildRouteMap({
    routes: Object.fromEntries(
      Object.entries(catalogue).map(([name, { brief }]) => [
        name,
        asCommand(specs[name] ?? { ...anyCommand, brief }, () => {}),
      ]),
    ),
    docs: { brief: 'a container engine whose source of truth is its history' },
  })

/** Stands for a command whose flags do not matter now. */
const anyCommand = {
  brief: '',
  flags: {},
  positional: { kind: 'array', parameter: { brief: '', parse: String } },
  usage: '',
  examples: [],
  run: () => Promise.resolve(0),
} satisfies AnyCommand

export const unknownCommand = async (name: string): Promise<UsageError> => {
  const closest = await closestOf(name, Object.keys(catalogue))
  return new UsageError(
    `there is no command ${name}${closest === undefined ? '' : `: did you mean ${closest}?`}`,
    'shiplog --help',
  )
}

export const unknownMember = async (
  family: string,
  name: string | undefined,
  names: ReadonlyArray<string>,
): Promise<UsageError> => {
  if (name === undefined) return new UsageError(`${family} needs a command: one of ${names.join(', ')}`)
  const closest = await closestOf(name, names)
  return new UsageError(
    `there is no command ${family} ${name}${closest === undefined ? '' : `: did you mean ${family} ${closest}?`}`,
    `one of ${names.join(', ')}`,
  )
}

/** The parser's own idea of what is close. */
const closestOf = async (input: string, names: ReadonlyArray<string>): Promise<string | undefined> => {
  let closest: string | undefined
  const text: ApplicationText = {
    ...text_en,
    noCommandRegisteredForInput: ({ corrections }) => {
      closest = corrections[0]?.replaceAll('`', '')
      return ''
    },
  }
  const map = buildRouteMap({
    routes: Object.fromEntries(names.map(name => [name, asCommand(anyCommand, () => {})])),
    docs: { brief: '' },
  })
  await run(
    buildApplication(map, { name: 'shiplog', scanner, localization: { text } }, {}),
    [input],
    silent(),
  )
  return closest
}
