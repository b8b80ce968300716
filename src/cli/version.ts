import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Version } from './client/answers.ts'
import { daemonAt } from './client/daemon.ts'
import { endpointOf } from './client/endpoint.ts'
import { complain } from './complain.ts'
import type { Io } from './io.ts'

export type VersionFlags = Readonly<{ format?: string; json?: boolean }>

/** Of the package this file is part of, however it was bundled. */
export const clientVersion = (): string => {
  for (let path = import.meta.dirname, i = 0; i < 5; path = join(path, '..'), i += 1) {
    try {
      const { name, version } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as Record<
        string,
        string
      >
      if (name === 'shiplog' && version !== undefined) return version
    } catch {
      // It is further up.
    }
  }
  return 'unknown'
}

/** The client's version, then the daemon's where it can be reached, and which socket was used and why. */
export const showVersion = async (io: Io, host: string | undefined, flags: VersionFlags): Promise<number> => {
  const client = { version: clientVersion(), node: process.version }
  const isText = flags.json !== true && flags.format === undefined
  try {
    const endpoint = endpointOf(host, io.env)
    const server = daemonAt(endpoint).get<Version>('/v1/version')
    if (isText) io.out(`client  ${client.version} (node ${client.node})\n`)
    const daemon = await server.catch((error: unknown) => error)
    const isThere = !(daemon instanceof Error)
    const socket = { address: endpoint.name, why: endpoint.why }
    if (!isText) {
      await print(io, flags, {
        Client: client,
        Server: isThere ? daemon : null,
        client,
        daemon: isThere ? daemon : null,
        socket,
      })
    } else if (isThere) {
      const { version, node, nodeName, pid, log } = daemon as Version
      io.out(
        `daemon  ${version} (node ${node.replace(/^v?/, 'v')}), pid ${pid}, on ${nodeName}, log ${log}\n`,
      )
    }
    if (isText) io.out(`socket  ${endpoint.name} (${endpoint.why})\n`)
    if (isThere) return 0
    throw daemon as Error
  } catch (error) {
    return complain(error, io)
  }
}

const print = async (io: Io, { format, json }: VersionFlags, versions: Readonly<Record<string, unknown>>) => {
  if (json === true || format === undefined || format === 'json') {
    const { client, daemon, socket } = versions
    io.out(`${JSON.stringify({ client, daemon, socket })}\n`)
    return
  }
  const { template } = await import('./output/template.ts')
  const named = (of: unknown) => (of == null ? of : { ...(of as object), Version: (of as Version).version })
  io.out(
    template(format).render([
      { ...versions, Client: named(versions['Client']), Server: named(versions['Server']) },
    ]),
  )
}
