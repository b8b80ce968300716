import type { AnyCommand } from './command.ts'
import type { Normalised } from './arguments.ts'

export type Parsed = Readonly<{ flags: Readonly<Record<string, unknown>>; args: ReadonlyArray<string> }>

type Reader = Readonly<{ parse?: (input: string) => unknown; optional?: boolean; default?: unknown }>

/**
 * Reads a command line in which nothing is wrong, which is most of them, without loading the parser: that takes four
 * milliseconds of the forty a command has. Null where anything is odd; the parser then says what, and finds what was
 * meant. A property test holds the two to the same result.
 */
export const readQuickly = (spec: AnyCommand, { given, args }: Normalised): Parsed | null => {
  if (!takes(spec.positional, args.length)) return null
  const flags: Record<string, unknown> = {}
  for (const { name, value } of given) {
    const shape = name === null ? undefined : spec.flags[name]
    if (name === null || shape === undefined) return null
    const read = valueOf(shape, value)
    if (read === undefined) return null
    flags[name] = shape.variadic === true ? [...((flags[name] as ReadonlyArray<unknown>) ?? []), read] : read
  }
  return { flags, args }
}

const valueOf = (shape: AnyCommand['flags'][string], value: string | null): unknown => {
  switch (shape.kind) {
    case 'boolean':
      return value === null || value === 'true' ? true : value === 'false' ? false : undefined
    case 'enum':
      return value !== null && shape.values?.includes(value) === true ? value : undefined
    case 'parsed':
      try {
        return value === null ? undefined : (shape as Reader).parse?.(value)
      } catch {
        return undefined
      }
    default:
      return undefined
  }
}

const takes = (positional: unknown, count: number): boolean => {
  const {
    kind,
    minimum = 0,
    parameters = [],
  } = positional as Readonly<{
    kind: 'array' | 'tuple'
    minimum?: number
    parameters?: ReadonlyArray<Reader>
  }>
  if (kind === 'array') return count >= minimum
  return count <= parameters.length && parameters.slice(count).every(({ optional }) => optional === true)
}
