import * as E from 'fp-ts/lib/Either.js'
import { malformed, parsed, quoted } from './flag.ts'
import type { Parsed } from './flag.ts'

const units: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  p: 2 ** 50,
}

/** docker's smallest; below it a container cannot even be started. */
export const LEAST_MEMORY = 6 * 2 ** 20

/** A number of bytes as docker has it: `512m`, `1.5GiB`, `64KB`, `1024`. Units are powers of 1024, in any case. */
export const parseSize = (text: string, what = 'size'): Parsed<number> => {
  const match = /^(\d{1,15}(?:\.\d{0,9})?|\.\d{1,9}) ?(?:([kmgtp])(?:i?b)?|b)?$/i.exec(text)
  if (match === null) return malformed(`${what} ${quoted(text)} is not a size like 512m or 2GiB`)
  const bytes = Math.floor(Number(match[1]) * (units[(match[2] ?? '').toLowerCase()] ?? 1))
  return Number.isSafeInteger(bytes)
    ? parsed(bytes)
    : malformed(`${what} ${quoted(text)} is more than 2^53 bytes`)
}

/** A limit of memory in bytes; null is none, which people write as `0`. */
export const parseMemory = (text: string): Parsed<number | null> => {
  const bytes = parseSize(text, 'memory limit')
  if (E.isLeft(bytes)) return bytes
  if (bytes.right === 0) return parsed(null)
  return bytes.right < LEAST_MEMORY ? malformed(`memory limit ${quoted(text)} is less than 6m`) : bytes
}
