import * as E from 'fp-ts/lib/Either.js'
import { isWithin, parseAbsolutePath } from './absolute-path.ts'
import { malformed, quoted } from './flag.ts'
import type { Parsed } from './flag.ts'

/**
 * Where the process starts: what was asked for, else the image's, else `/`. An image's may be relative, to the root.
 * Nothing within /proc: `/proc/self/fd/7` may lead out of the container (CVE-2024-21626).
 */
export const workingDirectory = (asked: string | null, image: string): Parsed<string> => {
  const text = asked ?? (image.startsWith('/') ? image : `/${image}`)
  const path = parseAbsolutePath(text, 'working directory')
  if (E.isLeft(path)) return path
  return isWithin('/proc', path.right) ? malformed(`working directory ${quoted(text)} is within /proc`) : path
}
