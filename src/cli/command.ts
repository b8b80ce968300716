import type {
  Aliases,
  BaseArgs,
  CommandContext,
  FlagParametersForType,
  TypedPositionalParameters,
} from '@stricli/core'
import type { Session } from './io.ts'

/** A command as data. Its module imports nothing of the parser, so what need not be parsed is not loaded. */
export type CommandSpec<Flags extends object, Args extends BaseArgs> = Readonly<{
  brief: string
  /** `shiplog ` is put before it. */
  usage: string
  /** What to type, and what it is for. They come first in the help, and tests run them. */
  examples: ReadonlyArray<readonly [line: string, meaning: string]>
  /** More to say, after the flags. */
  notes?: string
  flags: FlagParametersForType<Flags, CommandContext>
  aliases?: Aliases<keyof Flags & string>
  positional: Positional<Args>
  /** Everything from the first argument on belongs to somebody else's command line. */
  stopsAtArguments?: boolean
  /** The exit code. */
  run: (session: Session, flags: Flags, ...args: Args) => Promise<number>
}>

type Positional<Args extends BaseArgs> = TypedPositionalParameters<Args, CommandContext>

/** A flag, as far as one need know that does not know what it is for. */
export type FlagShape = Readonly<{
  kind: 'boolean' | 'counter' | 'enum' | 'parsed'
  brief: string
  placeholder?: string
  values?: ReadonlyArray<string>
  variadic?: boolean | string
}>

/** Any command: what one table can hold of them. */
export type AnyCommand = Readonly<{
  brief: string
  usage: string
  examples: ReadonlyArray<readonly [line: string, meaning: string]>
  notes?: string
  flags: Readonly<Record<string, FlagShape>>
  aliases?: Readonly<Record<string, string>>
  positional: unknown
  stopsAtArguments?: boolean
  run: (
    session: Session,
    flags: Readonly<Record<string, unknown>>,
    ...args: ReadonlyArray<string>
  ) => Promise<number>
}>

/** Checks that flags and arguments are what is made of them; who looks a command up knows no more than `AnyCommand`. */
export const command = <Flags extends object, Args extends BaseArgs>(
  spec: CommandSpec<Flags, Args>,
): AnyCommand => spec as unknown as AnyCommand

/** A value that begins with a dash is marked on its way through the parser (`arguments.ts`). */
export const mark = '\0'

const unmarked = (text: string) => (text.startsWith(mark) ? text.slice(1) : text)

/** Asks the daemon for what could stand there; for the completion of the shell. */
export type Completer = (this: CommandContext, partial: string) => Promise<ReadonlyArray<string>>

const completed = (completer: Completer | undefined) =>
  completer === undefined ? {} : { proposeCompletions: completer }

/** On or off. */
export const flag = (brief: string) =>
  ({ kind: 'boolean', brief, optional: true, withNegated: false }) as const

/** A flag with a value; the last one given counts. */
export const text = (brief: string, placeholder = 'TEXT', completer?: Completer) =>
  ({ kind: 'parsed', parse: unmarked, brief, placeholder, optional: true, ...completed(completer) }) as const

/** A flag that may be given many times. */
export const texts = (brief: string, placeholder = 'TEXT', completer?: Completer) =>
  ({
    kind: 'parsed',
    parse: unmarked,
    brief,
    placeholder,
    optional: true,
    variadic: true,
    ...completed(completer),
  }) as const

export const number = (brief: string, placeholder = 'N') =>
  ({
    kind: 'parsed',
    parse: (input: string) => {
      const value = unmarked(input)
      if (!/^-?[0-9]+(?:\.[0-9]+)?$/.test(value)) throw new Error('not a number')
      return Number(value)
    },
    brief,
    placeholder,
    optional: true,
  }) as const

export const choice = <Value extends string>(brief: string, values: ReadonlyArray<Value>) =>
  ({ kind: 'enum', values, brief, optional: true }) as const

const argument = (brief: string, placeholder: string, completer?: Completer) => ({
  brief,
  placeholder,
  parse: String,
  ...completed(completer),
})

export const required = (brief: string, placeholder: string, completer?: Completer) =>
  argument(brief, placeholder, completer)

export const optional = (brief: string, placeholder: string, completer?: Completer) =>
  ({ ...argument(brief, placeholder, completer), optional: true }) as const

export const none = { kind: 'tuple', parameters: [] } as const

export const many = (brief: string, placeholder: string, minimum: number, completer?: Completer) => ({
  kind: 'array' as const,
  minimum,
  parameter: argument(brief, placeholder, completer),
})
