import { daemonFor } from '../client/daemon.ts'
import type { Daemon } from '../client/daemon.ts'
import { complain } from '../complain.ts'
import type { Session } from '../io.ts'

/**
 * Does the same to each of several, all at once over one connection. What worked is printed in the order it was asked
 * for; the exit code is that of the last that did not.
 */
export const forEach = async (
  session: Session,
  names: ReadonlyArray<string>,
  act: (daemon: Daemon, name: string) => Promise<string>,
): Promise<number> => {
  const daemon = daemonFor(session)
  const results = await Promise.allSettled(names.map(name => act(daemon, name)))
  let exitCode = 0
  for (const result of results) {
    if (result.status === 'fulfilled') session.out(`${result.value}\n`)
    else exitCode = complain(result.reason, session)
  }
  return exitCode
}

/** A command on each of several containers. */
export const commandEach = (
  session: Session,
  command: string,
  names: ReadonlyArray<string>,
  options: Readonly<Record<string, unknown>> = {},
): Promise<number> =>
  forEach(session, names, async (daemon, container) => {
    await daemon.command(command, { container, ...options })
    return container
  })
