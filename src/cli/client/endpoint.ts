import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Failure, UsageError } from '../failure.ts'

/** Where the daemon is asked, and why there. */
export type Endpoint = Readonly<{
  address: Readonly<{ path: string }> | Readonly<{ host: string; port: number }>
  name: string
  why: string
}>

export const defaultSocket = '/run/shiplog/shiplog.sock'

const isForms = 'a host is unix:///PATH or http://HOST:PORT'

/** `--host` wins over SHIPLOG_HOST, that over the default. */
export const endpointOf = (
  flag: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Endpoint => {
  if (flag !== undefined) return parseHost(flag, '--host')
  const variable = env['SHIPLOG_HOST']
  if (variable !== undefined && variable !== '') return parseHost(variable, 'SHIPLOG_HOST')
  return { address: { path: defaultSocket }, name: `unix://${defaultSocket}`, why: 'the default' }
}

const parseHost = (text: string, why: string): Endpoint => {
  const path = text.startsWith('unix://') ? text.slice('unix://'.length) : text.startsWith('/') ? text : null
  if (path?.startsWith('/')) return { address: { path }, name: `unix://${path}`, why }
  const match = /^(?:https?|tcp):\/\/(\[[0-9a-fA-F:]+\]|[^/:]+):([0-9]{1,5})\/?$/.exec(text)
  if (match === null || text.startsWith('https:'))
    throw new UsageError(`${why}: cannot read "${text}"`, isForms)
  const [, host = '', port = ''] = match
  if (Number(port) > 65_535) throw new UsageError(`${why}: there is no port ${port}`, isForms)
  return {
    address: { host: host.replace(/^\[|\]$/g, ''), port: Number(port) },
    name: text.replace(/\/$/, ''),
    why,
  }
}

/** Why nobody could be asked, and what to do: never a chmod, which would open the engine to everybody. */
export const unreachable = ({ address, name, why }: Endpoint, code: string | undefined): Failure => {
  const where = why === 'the default' ? name : `${name} (from ${why})`
  if (code === 'EACCES' || code === 'EPERM') {
    const group = 'path' in address ? groupOf(address.path) : null
    return group === null || group === 'root'
      ? new Failure(`${where} may not be opened by this user`, 'run it as root')
      : new Failure(
          `${where} may not be opened by this user: it is for root and the group ${group}`,
          `sudo usermod -aG ${group} "$USER", then log in again`,
        )
  }
  if (code === 'ENOENT')
    return new Failure(`the daemon does not run: there is no socket ${where}`, howToStart)
  if (code === 'ECONNREFUSED')
    return new Failure(`the daemon does not run: nobody listens at ${where}`, howToStart)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return new Failure(`${where}: there is no such host`)
  return new Failure(`the daemon at ${where} cannot be reached (${code ?? 'no reason given'})`, howToStart)
}

const howToStart = 'sudo systemctl start shiplog, or in the foreground: sudo shiplog daemon'

/** The group that may open a socket; of its directory where the socket itself cannot be seen. */
const groupOf = (path: string): string | null => {
  for (const seen of [path, dirname(path)]) {
    try {
      const { gid } = statSync(seen)
      const line = readFileSync('/etc/group', 'utf8')
        .split('\n')
        .find(entry => entry.split(':')[2] === String(gid))
      return line?.split(':')[0] ?? String(gid)
    } catch {
      // It may be hidden by a directory above it.
    }
  }
  return null
}
