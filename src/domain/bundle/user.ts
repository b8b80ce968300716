import * as E from 'fp-ts/lib/Either.js'
import { malformed, parsed, quoted } from './flag.ts'
import type { Parsed } from './flag.ts'

/** A user or group as it was asked for. A number is never taken for a name. */
export type Principal = Readonly<{ kind: 'id'; id: number }> | Readonly<{ kind: 'name'; name: string }>

/** `group` null: the user's own, and the further groups it is a member of. */
export type UserSpec = Readonly<{ user: Principal; group: Principal | null }>

/**
 * The highest id that docker and containerd take. Above it are ids that wrap round to root in a 32-bit parser
 * (CVE-2024-40635).
 */
export const HIGHEST_ID = 2 ** 31 - 1

export const ROOT: UserSpec = { user: { kind: 'id', id: 0 }, group: null }

/** `USER[:GROUP]`, each by name or number; '' is root. */
export const parseUser = (text: string): Parsed<UserSpec> => {
  if (text === '') return parsed(ROOT)
  const [user = '', group, ...more] = text.split(':')
  if (more.length > 0) return malformed(`user ${quoted(text)} is not of the form USER[:GROUP]`)
  const parsedUser = user === '' ? parsed(ROOT.user) : parsePrincipal(user, 'user')
  if (E.isLeft(parsedUser)) return parsedUser
  if (group === undefined || group === '') return parsed({ user: parsedUser.right, group: null })
  const parsedGroup = parsePrincipal(group, 'group')
  return E.isLeft(parsedGroup) ? parsedGroup : parsed({ user: parsedUser.right, group: parsedGroup.right })
}

/** What some parser somewhere would read as a number (`-1`, `0x0`, `1e3`, ` 0`) is no name. */
const isName = (text: string) =>
  /^[a-zA-Z0-9_.][a-zA-Z0-9_.-]{0,255}\$?$/.test(text) && Number.isNaN(Number(text)) && !/^0[xob]/i.test(text)

const parsePrincipal = (text: string, what: string): Parsed<Principal> => {
  if (/^\d+$/.test(text)) {
    const id = Number(text)
    return text.length <= 10 && id <= HIGHEST_ID
      ? parsed({ kind: 'id', id })
      : malformed(`${what} ${quoted(text)} is above the highest id, ${HIGHEST_ID}`)
  }
  return isName(text)
    ? parsed({ kind: 'name', name: text })
    : malformed(`${what} ${quoted(text)} is neither a name nor a number`)
}
