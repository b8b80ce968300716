import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'

/** A program that we cannot do without is not here. */
export class RuntimeMissing extends Error {
  readonly reason = 'runtime-missing'
}

/** Where a program is (a name is looked for in PATH, a path is taken). Throws RuntimeMissing, with the Debian package. */
export const findProgram = (name: string, debianPackage = name): string => {
  if (name.includes('/')) {
    if (isExecutable(name)) return name
    throw new RuntimeMissing(`${name} is not a program`)
  }
  // An entry that is not absolute means something else wherever we are; root's programs may not be in a user's PATH.
  const inPath = (process.env['PATH'] ?? '').split(delimiter).filter(isAbsolute)
  const found = [...inPath, '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin']
    .map(directory => join(directory, name))
    .find(isExecutable)
  if (found !== undefined) return found
  throw new RuntimeMissing(`${name} is not installed (try: apt-get install ${debianPackage})`)
}

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
