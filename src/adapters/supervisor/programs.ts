import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where a program is, or an error that says which Debian package has it. */
export const findProgram = (name: string, debianPackage = name): string => {
  if (name.includes('/')) return name
  const directories = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    '/usr/local/sbin',
    '/usr/sbin',
    '/sbin',
    '/usr/bin',
  ]
  for (const directory of directories) {
    if (directory === '') continue
    const path = join(directory, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      continue
    }
  }
  throw new Error(`${name} is not installed (try: apt-get install ${debianPackage})`)
}
