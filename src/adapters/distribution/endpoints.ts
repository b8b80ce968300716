import { isIP } from 'node:net'

/** Where a repository can be asked for. */
export type Endpoint = Readonly<{
  /** `https://registry-1.docker.io`; two, the likelier first, where it may be with TLS or without. */
  origins: readonly [string, ...ReadonlyArray<string>]
  /** Whose credentials are meant: the registry as it stands in references, or the mirror. */
  host: string
  /** The mirror as it was configured; null for the registry itself. */
  mirror: string | null
  /** The repository's path there. */
  path: string
}>

/** An endpoint of which it is known how it is spoken to. */
export type Place = Omit<Endpoint, 'origins'> & Readonly<{ origin: string }>

export type EndpointOptions = Readonly<{
  /** By registry, in the order in which they are tried: `host[:port][/path]`. */
  mirrors: Readonly<Record<string, ReadonlyArray<string>>>
  /** Hosts that may be asked over plain HTTP, besides those of the loopback interface. */
  insecure: ReadonlyArray<string>
}>

/** References say `docker.io`; its registry is elsewhere. */
const servedBy = (domain: string) => (domain === 'docker.io' ? 'registry-1.docker.io' : domain)

/** `toString` is the name of a host too. */
const listOf = (lists: EndpointOptions['mirrors'], domain: string) =>
  Object.hasOwn(lists, domain) ? (lists[domain] ?? []) : []

/** The endpoints to try for a repository, in their order: mirrors first, then the registry itself. */
export const endpointsOf = (
  domain: string,
  path: string,
  { mirrors, insecure }: EndpointOptions,
): ReadonlyArray<Endpoint> => {
  const mirrored = listOf(mirrors, domain).map(mirror => {
    const [host = '', ...prefix] = mirror
      .replace(/^https?:\/\//, '')
      .split('/')
      .filter(part => part !== '')
    return { origins: originsOf(host, insecure), host, mirror, path: [...prefix, path].join('/') }
  })
  const own = originsOf(servedBy(domain), insecure)
  return [...mirrored, { origins: own, host: domain, mirror: null, path }]
}

/** The loopback interface is trusted without TLS, and usually has none; other hosts only where they were named. */
const originsOf = (host: string, insecure: ReadonlyArray<string>): Endpoint['origins'] => {
  const [plain, secure] = [`http://${host}`, `https://${host}`]
  if (isLoopback(hostnameOf(host))) return host.endsWith(':443') ? [secure] : [plain, secure]
  return insecure.includes(host) ? [secure, plain] : [secure]
}

const hostnameOf = (host: string) => host.replace(/:\d+$/, '')

/** A name or an address of this machine, as it stands in a URL (IPv6 in brackets). Only these are trusted as such. */
export const isLoopback = (hostname: string): boolean => {
  const name = hostname.toLowerCase().replace(/^\[|\]$/g, '')
  if (name === 'localhost' || name === '::1') return true
  return isIP(name) === 4 && name.startsWith('127.')
}

/**
 * Whatever may lead to this machine, in every spelling: what is not to be reached from elsewhere. 0.0.0.0 and `::` are
 * connected to the loopback interface, and so are names under `localhost` (RFC 6761).
 */
export const isThisMachine = (hostname: string): boolean => {
  const name = hostname.toLowerCase().replace(/^\[|\]$|\.$/g, '')
  if (isLoopback(name) || name.endsWith('.localhost')) return true
  const inside = embeddedIpv4(name)
  return /^(?:127|0)\./.test(inside ?? '')
}

/** The IPv4 address that is meant: itself, or one in IPv6 (mapped, compatible, or by NAT64's well-known prefix). */
const embeddedIpv4 = (name: string): string | null => {
  if (isIP(name) === 4) return name
  if (isIP(name) !== 6) return null
  // Written in the one way (RFC 5952), the last two groups in hexadecimal.
  const canonical = new URL(`http://[${name}]`).hostname
  const last = /^\[(?:::ffff:|64:ff9b::|::)(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})?\]$/.exec(canonical)
  if (last === null) return null
  const [high, low] = [last[1], last[2]].map(group => Number.parseInt(group ?? '0', 16)) as [number, number]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/** 169.254.0.0/16 and fe80::/10, where clouds keep their secrets; fd00:ec2::254 is one of those too. */
export const isLinkLocal = (hostname: string): boolean => {
  const name = hostname.toLowerCase().replace(/^\[|\]$/g, '')
  if (embeddedIpv4(name)?.startsWith('169.254.') === true) return true
  return isIP(name) === 6 && (/^fe[89ab]/.test(name) || /^fd00:0?ec2:/.test(name))
}
