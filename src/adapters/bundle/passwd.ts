import * as E from 'fp-ts/lib/Either.js'
import type { OciUser } from '../../domain/bundle/oci-config.ts'
import { resolveUser } from '../../domain/bundle/resolve-user.ts'
import type { Accounts } from '../../domain/bundle/resolve-user.ts'
import { parseUser } from '../../domain/bundle/user.ts'
import type { EffectFailure } from '../../domain/kernel/problem.ts'
import { invalid, refused } from './refused.ts'
import { readFileOfRootfs } from './rootfs-path.ts'

/** Many times the largest that is known; read whole, so it bounds memory as well. */
const LARGEST = 8 * 2 ** 20

/**
 * /etc/passwd and /etc/group of a rootfs. The runtime reads them again inside the container, to find HOME, and would
 * wait for ever for the writer of a FIFO: so they are looked at before every start, also where no name is sought.
 */
export const readAccounts = (rootfs: string): E.Either<EffectFailure, Accounts> => {
  const passwd = readFileOfRootfs(rootfs, '/etc/passwd', LARGEST)
  if (E.isLeft(passwd)) return passwd
  const group = readFileOfRootfs(rootfs, '/etc/group', LARGEST)
  return E.isLeft(group) ? group : E.right({ passwd: passwd.right, group: group.right })
}

/** Who a container's process is: `user[:group]` by the accounts of its rootfs. */
export const findUser = (rootfs: string, user: string): E.Either<EffectFailure, OciUser> => {
  const spec = parseUser(user)
  if (E.isLeft(spec)) return invalid('bad-user', spec.left)
  const accounts = readAccounts(rootfs)
  if (E.isLeft(accounts)) return accounts
  const resolved = resolveUser(spec.right, accounts.right)
  return E.isLeft(resolved) ? refused(resolved.left.problem, resolved.left.cause) : resolved
}
