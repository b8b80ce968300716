import { mark } from './command.ts'
import type { AnyCommand, FlagShape } from './command.ts'

type Shape = Readonly<{ name: string; takesValue: boolean; isMany: boolean }>

/** One flag as it was given. `name` is null where nobody knows it; `value` is null where none stands with it. */
export type Given = Readonly<{ name: string | null; value: string | null; inputs: ReadonlyArray<string> }>

export type Normalised = Readonly<{
  given: ReadonlyArray<Given>
  args: ReadonlyArray<string>
  asksForHelp: boolean
}>

/** `--pids-limit` for `pidsLimit`. */
export const kebab = (name: string) => name.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)

/** In the one form that the parser reads without a doubt: flags, each beside its value; `--`; arguments. */
export const inputsOf = ({ given, args }: Normalised): ReadonlyArray<string> => [
  ...given.flatMap(({ inputs }) => inputs),
  '--',
  ...args,
]

/**
 * Docker's grammar of flags (that of spf13/pflag), taken apart. So `-it`, `-eA=b`, `-w=/tmp`, `--rm=false` and
 * `--since -10m` all mean what they mean there, and of a flag that takes one value the last one counts.
 *
 * Flags that nobody knows stay as they are, for the parser to complain of.
 */
export const normalise = (
  argv: ReadonlyArray<string>,
  {
    flags,
    aliases = {},
    stopsAtArguments = false,
  }: Pick<AnyCommand, 'flags' | 'aliases' | 'stopsAtArguments'>,
): Normalised => {
  const shapes = shapesOf(flags, aliases)
  const given: Array<Given> = []
  const args: Array<string> = []
  const queue = [...argv]
  let asksForHelp = false

  const put = (entry: Given, isMany: boolean) => {
    const earlier = isMany ? -1 : given.findIndex(({ name }) => name === entry.name)
    if (earlier !== -1) given.splice(earlier, 1)
    given.push(entry)
  }

  const putUnknown = (input: string) => put({ name: null, value: null, inputs: [input] }, true)

  const putValue = ({ name, isMany }: Shape, value: string | null) => {
    const long = `--${kebab(name)}`
    const inputs = value === null ? [long] : [long, value.startsWith('-') ? mark + value : value]
    put({ name, value, inputs }, isMany)
  }

  const putSwitch = ({ name }: Shape, value: string | null) =>
    put({ name, value, inputs: [`--${kebab(name)}${value === null ? '' : `=${value}`}`] }, false)

  /** `-itw/dir`: each letter a flag; the first that takes a value takes the rest. */
  const putCluster = (cluster: string) => {
    for (let rest = cluster; rest !== ''; ) {
      const letter = rest[0] as string
      const shape = shapes.get(letter)
      rest = rest.slice(1)
      if (shape === undefined) {
        if (letter === 'h') asksForHelp = true
        else putUnknown(`-${letter}`)
        return
      }
      if (shape.takesValue)
        return putValue(shape, rest === '' ? (queue.shift() ?? null) : rest.replace(/^=/, ''))
      if (rest.startsWith('=')) return putSwitch(shape, rest.slice(1))
      putSwitch(shape, null)
    }
  }

  for (let input = queue.shift(); input !== undefined; input = queue.shift()) {
    if (input === '--') {
      args.push(...queue.splice(0))
    } else if (input === '--help') {
      asksForHelp = true
    } else if (input.startsWith('--')) {
      const equals = input.indexOf('=')
      const value = equals === -1 ? null : input.slice(equals + 1)
      const shape = shapes.get(equals === -1 ? input.slice(2) : input.slice(2, equals))
      if (shape === undefined || input.length < 4) putUnknown(input)
      else if (shape.takesValue) putValue(shape, value ?? queue.shift() ?? null)
      else putSwitch(shape, value)
    } else if (/^-[^-]/.test(input)) {
      putCluster(input.slice(1))
    } else {
      args.push(input)
      if (stopsAtArguments) args.push(...queue.splice(0))
    }
  }
  return { given, args, asksForHelp }
}

const shapesOf = (flags: Readonly<Record<string, FlagShape>>, aliases: Readonly<Record<string, string>>) => {
  const shapes = new Map<string, Shape>()
  for (const [name, { kind, variadic }] of Object.entries(flags)) {
    shapes.set(kebab(name), { name, takesValue: kind !== 'boolean', isMany: variadic === true })
  }
  for (const [letter, name] of Object.entries(aliases)) {
    const shape = shapes.get(kebab(name))
    if (shape !== undefined) shapes.set(letter, shape)
  }
  return shapes
}
