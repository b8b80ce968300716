import * as E from 'fp-ts/lib/Either.js'
import { malformed, parsed, quoted } from './flag.ts'
import type { Parsed } from './flag.ts'

/** PATH_MAX and NAME_MAX of <linux/limits.h>, without the terminating NUL. */
const LONGEST_PATH = 4095
const LONGEST_NAME = 255

/** As many UTF-8 bytes as the string has, without building them. */
const bytesIn = (text: string) => {
  let bytes = 0
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return bytes
}

/** The path without `.`, `..`, doubled and trailing slashes, read from the root: `..` never leaves it. */
export const cleanPath = (path: string): string => {
  const kept: Array<string> = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..') kept.pop()
    else kept.push(part)
  }
  return `/${kept.join('/')}`
}

/** An absolute path that the kernel can take, cleaned. `what` names it in the error. */
export const parseAbsolutePath = (text: string, what: string): Parsed<string> => {
  if (!text.startsWith('/')) return malformed(`${what} ${quoted(text)} is not an absolute path`)
  if (text.includes('\0')) return malformed(`${what} ${quoted(text)} contains a NUL`)
  if (bytesIn(text) > LONGEST_PATH)
    return malformed(`${what} ${quoted(text)} is longer than ${LONGEST_PATH} bytes`)
  const tooLong = text.split('/').find(part => bytesIn(part) > LONGEST_NAME)
  if (tooLong !== undefined)
    return malformed(`${what}: the name ${quoted(tooLong)} is longer than ${LONGEST_NAME} bytes`)
  return parsed(cleanPath(text))
}

/** True of `/proc` and of all below it. */
export const isWithin = (directory: string, path: string): boolean =>
  directory === '/' || path === directory || path.startsWith(`${directory}/`)

/** Where a container may have something mounted: not on its root, and not within /proc, which tells of the kernel. */
export const parseMountTarget = (text: string, what: string): Parsed<string> => {
  const path = parseAbsolutePath(text, what)
  if (E.isLeft(path)) return path
  if (path.right === '/') return malformed(`${what} ${quoted(text)} is the root of the container`)
  return isWithin('/proc', path.right) ? malformed(`${what} ${quoted(text)} is within /proc`) : path
}
