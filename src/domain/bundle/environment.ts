import * as E from 'fp-ts/lib/Either.js'
import { malformed, parsed, quoted } from './flag.ts'
import type { Parsed } from './flag.ts'

/** execve(2) takes no string longer than this (MAX_ARG_STRLEN, without the NUL) … */
const LONGEST_ENTRY = 131_071
/** … and all of them together, each with a pointer to it, in no more than a quarter of the stack, which is 8 MiB. */
const LARGEST = 2 ** 20
const POINTER = 8

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The name of `NAME=value`; of an entry without a value, all of it. */
export const nameOf = (entry: string): string => {
  const end = entry.indexOf('=')
  return end === -1 ? entry : entry.slice(0, end)
}

/** Entries (`NAME=value`) that the kernel can pass to a process; values may be of any kind, newlines too. */
export const checkedEnvironment = (
  entries: ReadonlyArray<string>,
  whose: string,
): Parsed<ReadonlyArray<string>> => {
  let size = 0
  for (const entry of entries) {
    const name = nameOf(entry)
    if (name === '' || name === entry)
      return malformed(`${whose}: ${quoted(name)} is not of the form NAME=value`)
    // Only names are quoted: values may be secrets, and errors are recorded.
    if (entry.includes('\0')) return malformed(`${whose}: the value of ${quoted(name)} contains a NUL`)
    if (entry.length > LONGEST_ENTRY)
      return malformed(`${whose}: the value of ${quoted(name)} is too long to be passed on`)
    size += entry.length + 1 + POINTER
    if (size > LARGEST) return malformed(`${whose}: more than 1 MiB in all`)
  }
  return parsed(entries)
}

/** Entries that somebody asks for: a name with white space in it is a slip. An image may have what it likes. */
export const askedEnvironment = (
  entries: ReadonlyArray<string>,
  whose: string,
): Parsed<ReadonlyArray<string>> => {
  const slip = entries.map(nameOf).find(name => /\s/.test(name))
  return slip === undefined
    ? checkedEnvironment(entries, whose)
    : malformed(`${whose}: ${quoted(slip)} cannot be the name of a variable`)
}

/** The arguments of a process, which share execve's limits. */
export const checkedArgs = (args: ReadonlyArray<string>): Parsed<ReadonlyArray<string>> => {
  if (args.length === 0) return malformed('args: no command')
  if (args[0] === '') return malformed('args: the command is an empty string')
  const invalid = args.find(arg => arg.includes('\0') || arg.length > LONGEST_ENTRY)
  if (invalid !== undefined)
    return malformed(`args: ${quoted(invalid)} contains a NUL or is too long to be passed on`)
  const size = args.reduce((sum, arg) => sum + arg.length + 1 + POINTER, 0)
  return size > LARGEST ? malformed('args: more than 1 MiB in all') : parsed(args)
}

/**
 * What the process gets, in docker's order: ours first, then the image's, then what was asked for, each name once,
 * the last value in the place of the first.
 */
export const mergedEnvironment = (
  image: ReadonlyArray<string>,
  asked: ReadonlyArray<string>,
  { hostname, terminal }: Readonly<{ hostname: string; terminal: boolean }>,
): ReadonlyArray<string> => {
  const merged = new Map<string, string>()
  const ours = [`PATH=${defaultPath}`, `HOSTNAME=${hostname}`, ...(terminal ? ['TERM=xterm'] : [])]
  for (const entry of [...ours, ...image, ...asked]) merged.set(nameOf(entry), entry)
  return [...merged.values()]
}

/** An image's entries as we pass them on: one without a value is of no use to a process, and is left out. */
export const imageEnvironment = (entries: ReadonlyArray<string>): Parsed<ReadonlyArray<string>> =>
  checkedEnvironment(
    entries.filter(entry => entry.includes('=') && !entry.startsWith('=')),
    'the environment of the image',
  )

/** What the history keeps of environments (`record-env`): whole entries, their names, or nothing. */
export type RecordEnv = 'all' | 'names' | 'none'

/** What is recorded of entries. The values that a process gets are kept elsewhere in any case. */
export const recordedEnvironment = (
  entries: ReadonlyArray<string>,
  policy: RecordEnv,
): ReadonlyArray<string> => {
  switch (policy) {
    case 'all':
      return [...new Map(entries.map(entry => [nameOf(entry), entry])).values()]
    case 'names':
      return [...new Set(entries.map(nameOf))]
    case 'none':
      return []
  }
}

/** The values that were kept for what the log has of them; where it has nothing, all that was kept. */
export const keptEnvironment = (
  recorded: ReadonlyArray<string>,
  kept: ReadonlyArray<string>,
): E.Either<ReadonlyArray<string>, ReadonlyArray<string>> => {
  if (recorded.length === 0) return E.right(kept)
  const names = recorded.map(nameOf)
  const values = new Map(kept.map(entry => [nameOf(entry), entry]))
  const missing = names.filter(name => !values.has(name))
  return missing.length > 0 ? E.left(missing) : E.right(names.flatMap(name => values.get(name) ?? []))
}
