import * as E from 'fp-ts/lib/Either.js'
import { quoted } from './flag.ts'
import type { OciUser } from './oci-config.ts'
import { HIGHEST_ID } from './user.ts'
import type { Principal, UserSpec } from './user.ts'

export type UserFailure = Readonly<{ problem: 'user-not-found' | 'bad-user'; cause: string }>

/** The text of a container's /etc/passwd and /etc/group; null where there is none. */
export type Accounts = Readonly<{ passwd: string | null; group: string | null }>

/**
 * The numbers that a user comes to inside a container, as docker finds them: a user by number need not be in
 * /etc/passwd, a user by name must; the first of several lines counts; further groups only come with a user that
 * is there and without a group that was asked for. The gid is among the further groups (CVE-2022-36109).
 *
 * Unlike docker, a line whose numbers cannot be read does not make somebody root: it is refused.
 */
export const resolveUser = (
  { user, group }: UserSpec,
  { passwd, group: groups }: Accounts,
): E.Either<UserFailure, OciUser> => {
  const entry = firstLine(passwd, ([name, , uid]) => isMeant(user, name, uid))
  if (entry === null && user.kind === 'name')
    return E.left({
      problem: 'user-not-found',
      cause: `the image's /etc/passwd has no user ${quoted(user.name)}`,
    })

  const uid = entry === null ? (user as { id: number }).id : idOf(entry[2])
  const ownGid = entry === null ? 0 : idOf(entry[3])
  if (uid === null || ownGid === null)
    return E.left({
      problem: 'bad-user',
      cause: `the image's /etc/passwd has numbers that are no ids in the line of ${quoted(entry?.[0] ?? '')}`,
    })

  if (group !== null) {
    const gid = gidOf(group, groups)
    return E.isLeft(gid) ? gid : E.right({ uid, gid: gid.right, additionalGids: [gid.right] })
  }
  const further =
    entry === null || entry[0] === undefined || entry[0] === '' ? [] : groupsOf(entry[0], groups)
  return E.right({ uid, gid: ownGid, additionalGids: [...new Set([ownGid, ...further])] })
}

const isMeant = (wanted: Principal, name: string | undefined, id: string | undefined) =>
  wanted.kind === 'name' ? name === wanted.name : idOf(id) === wanted.id

const idOf = (text: string | undefined): number | null => {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return null
  const id = Number(text)
  return id <= HIGHEST_ID ? id : null
}

const gidOf = (wanted: Principal, groups: string | null): E.Either<UserFailure, number> => {
  if (wanted.kind === 'id') return E.right(wanted.id)
  const entry = firstLine(groups, ([name]) => name === wanted.name)
  if (entry === null)
    return E.left({
      problem: 'user-not-found',
      cause: `the image's /etc/group has no group ${quoted(wanted.name)}`,
    })
  const gid = idOf(entry[2])
  return gid === null
    ? E.left({ problem: 'bad-user', cause: `the image's /etc/group has no id for ${quoted(wanted.name)}` })
    : E.right(gid)
}

/** The kernel takes no more further groups than this (NGROUPS_MAX). */
const MOST_GROUPS = 65_536

const groupsOf = (user: string, groups: string | null): ReadonlyArray<number> => {
  const gids: Array<number> = []
  for (const fields of lines(groups)) {
    const gid = idOf(fields[2])
    if (gid === null || fields[3]?.split(',').includes(user) !== true) continue
    gids.push(gid)
    if (gids.length === MOST_GROUPS - 1) break
  }
  return gids
}

const firstLine = (text: string | null, isIt: (fields: ReadonlyArray<string>) => boolean) => {
  for (const fields of lines(text)) if (isIt(fields)) return fields
  return null
}

/** Fields of each line, one line at a time: the files may be large, and what is sought mostly stands at the top. */
function* lines(text: string | null): Generator<ReadonlyArray<string>> {
  if (text === null) return
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf('\n', start)
    const end = found === -1 ? text.length : found
    const line = text.slice(start, end).trim()
    if (line !== '' && !line.startsWith('#')) yield line.split(':')
    start = end + 1
  }
}
