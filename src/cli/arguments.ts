import { mark } from './command.ts'
import type { AnyCommand, FlagShape } from './command.ts'

type Shape = Readonly<{ name: string; takesValue: boolean; isMany: boolean }>

export type Normalised = Readonly<{ inputs: ReadonlyArray<string>; asksForHelp: boolean }>

/** `--pids-limit` for `pidsLimit`. */
export const kebab = (name: string) => name.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)

/**
 * Docker's grammar of flags (that of spf13/pflag), put into the one form the parser reads without a doubt: first the
 * flags, each beside its value; then `--`; then the arguments. So `-it`, `-eA=b`, `-w=/tmp`, `--rm=false` and
 * `--since -10m` all mean what they mean there, and of a flag that takes one value the last one counts.
 *
 * Flags that nobody knows stay where they are, for the parser to complain of.
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
  const given: Array<Readonly<{ shape: Shape | null; inputs: ReadonlyArray<string> }>> = []
  const args: Array<string> = []
  let asksForHelp = false

  const put = (shape: Shape | null, ...inputs: ReadonlyArray<string>) => {
    const earlier = shape === null || shape.isMany ? -1 : given.findIndex(entry => entry.shape === shape)
    if (earlier !== -1) given.splice(earlier, 1)
    given.push({ shape, inputs })
  }

  const putValue = (shape: Shape, value: string | undefined) =>
    value === undefined
      ? put(shape, `--${kebab(shape.name)}`)
      : put(shape, `--${kebab(shape.name)}`, value.startsWith('-') ? mark + value : value)

  const queue = [...argv]
  for (let input = queue.shift(); input !== undefined; input = queue.shift()) {
    if (input === '--') {
      args.push(...queue.splice(0))
    } else if (input === '--help') {
      asksForHelp = true
    } else if (input.startsWith('--')) {
      const [name = '', value] = split(input.slice(2))
      const shape = shapes.get(name)
      if (shape === undefined) put(null, input)
      else if (shape.takesValue) putValue(shape, value ?? queue.shift())
      else put(shape, value === undefined ? `--${name}` : `--${name}=${value}`)
    } else if (/^-[^-]/.test(input)) {
      asksForHelp = readCluster(input.slice(1), shapes, queue, put, putValue) || asksForHelp
    } else {
      args.push(input)
      if (stopsAtArguments) args.push(...queue.splice(0))
    }
  }
  return { inputs: [...given.flatMap(({ inputs }) => inputs), '--', ...args], asksForHelp }
}

/** `-itw/dir`: each letter a flag, the first that takes a value takes the rest. True: `-h`, where that is help. */
const readCluster = (
  cluster: string,
  shapes: ReadonlyMap<string, Shape>,
  queue: Array<string>,
  put: (shape: Shape | null, ...inputs: ReadonlyArray<string>) => void,
  putValue: (shape: Shape, value: string | undefined) => void,
): boolean => {
  let rest = cluster
  while (rest !== '') {
    const letter = rest[0] as string
    const shape = shapes.get(letter)
    rest = rest.slice(1)
    if (shape === undefined) {
      if (letter === 'h') return true
      put(null, `-${letter}`)
      return false
    }
    if (shape.takesValue) {
      putValue(shape, rest === '' ? queue.shift() : rest.replace(/^=/, ''))
      return false
    }
    if (rest.startsWith('=')) {
      put(shape, `--${kebab(shape.name)}=${rest.slice(1)}`)
      return false
    }
    put(shape, `--${kebab(shape.name)}`)
  }
  return false
}

const split = (input: string): ReadonlyArray<string> => {
  const equals = input.indexOf('=')
  return equals === -1 ? [input] : [input.slice(0, equals), input.slice(equals + 1)]
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
