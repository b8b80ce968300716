import { signalProxy } from '../attach/signals.ts'
import { attach } from '../attach/streams.ts'
import type { Container } from '../client/answers.ts'
import type { Daemon, Query } from '../client/daemon.ts'
import type { Session } from '../io.ts'
import { exitCodeOf } from './ended.ts'
import { forwardTo } from './forward.ts'

type Joining = Readonly<{
  output: Query
  takesInput: boolean
  isProxying: boolean
  detachKeys: Uint8Array
}>

/** Joins a container that runs already, until it has ended or is left to itself. */
export const join = (
  session: Session,
  daemon: Daemon,
  { id, name, options }: Pick<Container, 'id' | 'name' | 'options'>,
  { output, takesInput, isProxying, detachKeys }: Joining,
): Promise<number> => {
  const hasTerminal = options['terminal'] === true
  const isForwarding = isProxying && !hasTerminal
  const proxy = signalProxy(session, isForwarding)
  if (isForwarding) proxy.sendTo(forwardTo(daemon, id))
  const work = async () => {
    const path = `/v1/containers/${id}`
    // Without a terminal of our own there are no keys and no size; its bytes are still its bytes.
    const isOurs = hasTerminal && session.isTerminal('stdin')
    const ended = await attach(session, daemon, { path, output, hasTerminal: isOurs, takesInput, detachKeys })
    return exitCodeOf(session, name, ended)
  }
  const left = proxy.left.then(exitCode => {
    session.err(`left ${name} to itself; it goes on\n`)
    return exitCode
  })
  return Promise.race([work(), left])
}
