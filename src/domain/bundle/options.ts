import * as E from 'fp-ts/lib/Either.js'
import type { InvalidRequest } from '../kernel/decode.ts'
import type { ContainerOptions } from '../kernel/container-options.ts'
import { checkedBind } from './bind.ts'
import { checkedCapabilities } from './capabilities.ts'
import { LEAST_CPUS, MOST_CPUS } from './cpus.ts'
import { checkedArgs, nameOf } from './environment.ts'
import { malformed, parsed, quoted } from './flag.ts'
import type { Parsed } from './flag.ts'
import { LEAST_MEMORY } from './memory.ts'
import { parseSeccompProfile } from './seccomp.ts'
import { checkedTmpfs } from './tmpfs.ts'
import { checkedUlimits } from './ulimit.ts'
import { parseUser } from './user.ts'
import { workingDirectory } from './working-directory.ts'

/** With as much swap it is still a whole number. */
const MOST_MEMORY = 2 ** 52

/** RFC 1123, and no longer than what sethostname(2) takes. */
const isHostname = (text: string) =>
  text.length <= 63 &&
  /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*$/.test(text)

const isWithinBounds = (value: number, least: number, most: number) => value >= least && value <= most

/**
 * Options that a container can be made from, paths cleaned and capabilities as the kernel names them, or all that is
 * wrong with them. Every face asks this before it records anything: what it lets through makes a valid config.json
 * on every host. What only the image or the host can tell is found out by `BundleStore.prepare`.
 */
export const checkedOptions = (options: ContainerOptions): Parsed<ContainerOptions> => {
  const errors: Array<string> = []
  const checked = <A>(part: Parsed<A>, otherwise: A): A => {
    if (E.isRight(part)) return part.right
    errors.push(...part.left.errors)
    return otherwise
  }
  const all = <A>(values: ReadonlyArray<A>, check: (value: A) => Parsed<A>) =>
    values.map(value => checked(check(value), value))

  const binds = all(options.binds, checkedBind)
  const tmpfs = all(options.tmpfs, checkedTmpfs)
  const result: ContainerOptions = {
    ...options,
    args: checked(checkedArgs(options.args), []),
    binds,
    tmpfs,
    workingDir: options.workingDir === null ? null : checked(workingDirectory(options.workingDir, ''), null),
    ulimits: checked(checkedUlimits(options.ulimits), []),
    capAdd: checked(checkedCapabilities(options.capAdd), []),
    capDrop: checked(checkedCapabilities(options.capDrop), []),
  }

  checked(parseUser(options.user ?? ''), null)
  checked(withoutRepetition([...binds, ...tmpfs].map(({ target }) => target)), null)
  if (options.seccomp.kind === 'profile') checked(parseSeccompProfile(options.seccomp.profile), null)
  errors.push(...wrongValues(options))

  return errors.length === 0 ? parsed(result) : E.left<InvalidRequest>({ reason: 'invalid-request', errors })
}

const withoutRepetition = (targets: ReadonlyArray<string>): Parsed<null> => {
  const seen = new Set<string>()
  const repeated = targets.find(target => seen.size === seen.add(target).size)
  return repeated === undefined ? parsed(null) : malformed(`more than one mount at ${quoted(repeated)}`)
}

/** Whole numbers above 2^53 and fractions below the smallest are nobody's wish. */
const wrongValues = (options: ContainerOptions): ReadonlyArray<string> => {
  const { hostname, memory, cpus, pidsLimit, stopSignal, consoleSize, environment } = options
  const wrong: Array<string> = []
  if (hostname !== null && !isHostname(hostname))
    wrong.push(`hostname ${quoted(hostname)} is not a host name`)
  if (memory !== null && !(Number.isInteger(memory) && isWithinBounds(memory, LEAST_MEMORY, MOST_MEMORY)))
    wrong.push(`memory limit ${memory} is not a number of bytes between ${LEAST_MEMORY} (6m) and 2^52`)
  if (cpus !== null && !isWithinBounds(cpus, LEAST_CPUS, MOST_CPUS))
    wrong.push(`number of CPUs ${cpus} is not between ${LEAST_CPUS} and ${MOST_CPUS}`)
  if (pidsLimit !== null && !(Number.isInteger(pidsLimit) && isWithinBounds(pidsLimit, 1, 2 ** 22)))
    wrong.push(`limit of processes ${pidsLimit} is not between 1 and ${2 ** 22}`)
  if (stopSignal !== null && !(Number.isInteger(stopSignal) && isWithinBounds(stopSignal, 1, 64)))
    wrong.push(`stop signal ${stopSignal} is not between 1 and 64`)
  if (consoleSize !== null && ![consoleSize.rows, consoleSize.columns].every(isSide))
    wrong.push(`console size ${consoleSize.rows}x${consoleSize.columns} is not between 1x1 and 65535x65535`)
  const badName = environment.find(entry => nameOf(entry) === '' || entry.includes('\0'))
  if (badName !== undefined) wrong.push(`environment: ${quoted(nameOf(badName))} is not a name`)
  return wrong
}

/** winsize has 16 bits for each (ioctl_tty(2)). */
const isSide = (n: number) => Number.isInteger(n) && isWithinBounds(n, 1, 65_535)
