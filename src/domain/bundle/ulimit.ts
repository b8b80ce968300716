import * as E from 'fp-ts/lib/Either.js'
import type { Ulimit } from '../kernel/container-options.ts'
import { malformed, parsed, quoted } from './flag.ts'
import type { Parsed } from './flag.ts'

/** The limits of setrlimit(2) that docker names. */
const names = new Set([
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
  'stack',
])

/** `NAME=SOFT[:HARD]`: `nofile=1024:2048`; -1 is unlimited, one value is for both. */
export const parseUlimit = (text: string): Parsed<Ulimit> => {
  const match = /^([a-z]+)=(-1|\d{1,16})(?::(-1|\d{1,16}))?$/.exec(text)
  if (match === null) return malformed(`ulimit ${quoted(text)} is not of the form nofile=1024[:2048]`)
  const [, name = '', soft, hard = soft] = match
  return checkedUlimit({ name, soft: Number(soft), hard: Number(hard) })
}

const isLimit = (value: number) => Number.isSafeInteger(value) && value >= -1

/** A ulimit of a known name whose soft limit is not above its hard one. */
export const checkedUlimit = (ulimit: Ulimit): Parsed<Ulimit> => {
  const { name, soft, hard } = ulimit
  if (!names.has(name)) return malformed(`ulimit ${quoted(name)} is not one of ${[...names].join(', ')}`)
  if (!isLimit(soft) || !isLimit(hard))
    return malformed(`ulimit ${name}=${soft}:${hard}: a limit is -1 or a whole number below 2^53`)
  const isAbove = hard !== -1 && (soft === -1 || soft > hard)
  return isAbove
    ? malformed(`ulimit ${name}=${soft}:${hard}: the soft limit is above the hard one`)
    : parsed(ulimit)
}

/** All of them valid, and each name once. */
export const checkedUlimits = (ulimits: ReadonlyArray<Ulimit>): Parsed<ReadonlyArray<Ulimit>> => {
  const seen = new Set<string>()
  for (const ulimit of ulimits) {
    const one = checkedUlimit(ulimit)
    if (E.isLeft(one)) return one
    if (seen.has(ulimit.name)) return malformed(`ulimit ${ulimit.name} is given more than once`)
    seen.add(ulimit.name)
  }
  return parsed(ulimits)
}
