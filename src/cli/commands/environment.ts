import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { UsageError } from '../failure.ts'
import type { Io } from '../io.ts'

type Given = Readonly<{ env?: ReadonlyArray<string>; envFile?: ReadonlyArray<string> }>

/** `K=V` for every variable; the files first, so that flags win over them. `K` alone is K as it is here, if it is. */
export const environment = ({ env, envFile }: Given, io: Pick<Io, 'env' | 'cwd'>): ReadonlyArray<string> => [
  ...(envFile ?? []).flatMap(path => parseEnvFile(readEnvFile(resolve(io.cwd, path)), path, io.env)),
  ...(env ?? []).flatMap(entry => {
    if (entry.startsWith('=') || entry === '') throw new UsageError(`--env: "${entry}" has no name`)
    const name = entry.split('=', 1).join('')
    if (/\s/.test(name)) throw new UsageError(`--env: "${name}" cannot be the name of a variable`)
    return entry.includes('=') ? [entry] : fromHere(entry, io.env)
  }),
]

const fromHere = (name: string, env: Io['env']): ReadonlyArray<string> => {
  const value = env[name]
  return value === undefined ? [] : [`${name}=${value}`]
}

const readEnvFile = (path: string): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const cause =
      code === 'ENOENT'
        ? 'there is no such file'
        : code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
          ? 'it is not UTF-8'
          : (error as Error).message
    throw new UsageError(`--env-file ${path}: ${cause}`)
  }
}

/**
 * docker's grammar (docker/cli, opts/file.go): lines that begin with `#` and empty ones are passed over, white space is
 * trimmed on the left only, values are taken as they stand, quotes and all. A name alone takes its value from here.
 */
export const parseEnvFile = (text: string, path: string, env: Io['env']): ReadonlyArray<string> =>
  text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .flatMap((whole, index) => {
      const line = whole.trimStart()
      if (line === '' || line.startsWith('#')) return []
      const equals = line.indexOf('=')
      const name = equals === -1 ? line : line.slice(0, equals)
      if (name === '' || /\s/.test(name))
        throw new UsageError(
          `--env-file ${path}, line ${index + 1}: "${name}" cannot be the name of a variable`,
        )
      return equals === -1 ? fromHere(name, env) : [line]
    })
