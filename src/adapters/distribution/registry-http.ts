import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import type { LookupFunction } from 'node:net'
import { callbackify } from 'node:util'
import { Agent, EnvHttpProxyAgent, request } from 'undici'
import type { Dispatcher } from 'undici'
import { isLinkLocal, isLoopback, isThisMachine } from './endpoints.ts'
import { failureOf, refused } from './registry-failure.ts'

export type Response = Dispatcher.ResponseData

export type Headers = Readonly<Record<string, string>>

/** One GET (or POST), with all its redirects. */
export type Ask = Readonly<{
  url: URL
  headers: Headers
  signal: AbortSignal
  body?: string
}>

export type Http = Readonly<{
  ask: (ask: Ask) => Promise<Response>
  close: () => Promise<void>
}>

const MAX_REDIRECTS = 5

type Resolve = (hostname: string, family: number) => Promise<ReadonlyArray<LookupAddress>>

/**
 * HTTP as registries are asked: connections are kept, every silence is bounded, and redirects are followed with care.
 *
 * A redirect leads to http and https only, from https never to http, from elsewhere never to this machine, and to
 * link-local addresses never, whatever name they go by. Credentials stay at the origin they were meant for.
 */
export const openHttp = ({
  silenceMs = 30_000,
  resolve = (hostname, family) => lookup(hostname, { all: true, family }),
}: Readonly<{ silenceMs?: number; resolve?: Resolve }> = {}): Http => {
  const options = {
    // Layers of one image come side by side, and HTTP/2 would squeeze them into one connection.
    allowH2: false,
    connections: 16,
    keepAliveTimeout: 10_000,
    headersTimeout: silenceMs,
    bodyTimeout: silenceMs,
    connect: { timeout: 10_000, lookup: lookupWithout(isLinkLocal, resolve) },
  }
  const isRefusedElsewhere = (address: string) => isLinkLocal(address) || isThisMachine(address)
  const direct = new Agent(options)
  const proxied = new EnvHttpProxyAgent(options)
  /** For places that somebody from elsewhere has named. */
  const named = new EnvHttpProxyAgent({
    ...options,
    connect: { ...options.connect, lookup: lookupWithout(isRefusedElsewhere, resolve) },
  })

  const isHere = async ({ hostname }: URL) => {
    if (isThisMachine(hostname)) return true
    const addresses = await resolve(hostname, 0).catch(() => [])
    return addresses.length > 0 && addresses.every(({ address }) => isThisMachine(address))
  }

  const once = ({ url, headers, signal, body }: Ask, isNamed: boolean): Promise<Response> =>
    request(url, {
      dispatcher: isNamed ? named : isLoopback(url.hostname) ? direct : proxied,
      method: body === undefined ? 'GET' : 'POST',
      // Blobs have their digest as they are; a compression on the way would only be in it.
      headers: { 'accept-encoding': 'identity', 'user-agent': 'shiplog', ...headers },
      signal,
      ...(body === undefined ? {} : { body }),
    })

  const ask = async (first: Ask): Promise<Response> => {
    let current = first
    let isNamed = false
    for (let redirects = 0; ; redirects++) {
      refuseLinkLocal(current.url)
      let response: Response
      try {
        response = await once(current, isNamed)
      } catch (error) {
        throw failureOf(current.url.host, error)
      }
      if (!isRedirect(response.statusCode)) return response
      await discard(response)
      if (redirects === MAX_REDIRECTS)
        throw refused('registry-protocol', `${first.url.host}: more than ${MAX_REDIRECTS} redirects`)
      current = redirected(current, header(response, 'location'))
      isNamed = current.url.origin !== first.url.origin && !(await isHere(first.url))
      if (isNamed && isThisMachine(current.url.hostname))
        throw refused(
          'registry-protocol',
          `${first.url.host}: a redirect to ${current.url.host}, which is this machine`,
        )
    }
  }

  return {
    ask,
    close: async () => {
      await Promise.all([direct.destroy(), proxied.destroy(), named.destroy()])
    },
  }
}

const isRedirect = (status: number) => [301, 302, 303, 307, 308].includes(status)

const redirected = (from: Ask, location: string | null): Ask => {
  const url = location === null ? null : URL.parse(location, from.url)
  if (url === null) throw refused('registry-protocol', `${from.url.host}: a redirect to nowhere`)
  const refuse = (why: string) =>
    refused('registry-protocol', `${from.url.host}: a redirect to ${url.host}, ${why}`)
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw refused('registry-protocol', `${from.url.host}: a redirect to ${url.protocol}`)
  if (from.url.protocol === 'https:' && url.protocol === 'http:') throw refuse('which is not encrypted')
  const { authorization: _, ...withoutCredentials } = from.headers
  url.username = ''
  url.password = ''
  return {
    url,
    signal: from.signal,
    headers: url.origin === from.url.origin ? from.headers : withoutCredentials,
  }
}

const refuseLinkLocal = (url: URL) => {
  if (isLinkLocal(url.hostname))
    throw refused('registry-refused', `${url.host}: link-local addresses are not asked`)
}

/** Names are resolved as ever, but not to every address. */
const lookupWithout = (isRefused: (address: string) => boolean, resolve: Resolve): LookupFunction => {
  const addressesOf = callbackify(async (hostname: string, family: number) => {
    const allowed = (await resolve(hostname, family)).filter(({ address }) => !isRefused(address))
    if (allowed.length === 0) throw new Error(`${hostname} has no address that may be asked`)
    return allowed
  })
  return (hostname, { family, all }, callback) => {
    const number = family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : (family ?? 0)
    addressesOf(hostname, number, (error, allowed) => {
      const first = error ? undefined : allowed[0]
      if (first === undefined) callback(error, '', 0)
      else if (all === true) callback(null, allowed)
      else callback(null, first.address, first.family)
    })
  }
}

/** A header's value; null where there is none, or more than one. */
export const header = ({ headers }: Response, name: string): string | null => {
  const value = headers[name]
  return typeof value === 'string' ? value : null
}

/** Reads away what nobody needs, so that the connection can be used again; a long answer costs it. */
export const discard = async ({ body }: Response): Promise<void> => {
  try {
    await body.dump({ limit: 64 * 1024 })
  } catch {
    body.destroy()
  }
}

/** A whole body, if it is no longer than `limit`; null where it is. No more than that is ever held. */
export const readBounded = async (response: Response, limit: number): Promise<Uint8Array | null> => {
  const { body } = response
  const announced = Number(header(response, 'content-length') ?? 0)
  const chunks: Array<Uint8Array> = []
  let length = 0
  if (announced <= limit)
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      length += chunk.length
      if (length > limit) break
      chunks.push(chunk)
    }
  if (announced <= limit && length <= limit) return Buffer.concat(chunks)
  body.on('error', () => {}).destroy()
  return null
}
