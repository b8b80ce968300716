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

/** A name or an address of this machine, as it stands in a URL (IPv6 in brackets). */
export const isLoopback = (hostname: string): boolean => {
  const name = hostname.toLowerCase().replace(/^\[|\]$/g, '')
  if (name === 'localhost' || name === '::1') return true
  return isIP(name) === 4 && name.startsWith('127.')
}

/** 169.254.0.0/16 and fe80::/10, where clouds keep their secrets; fd00:ec2::254 is one of those too. */
export const isLinkLocal = (hostname: string): boolean => {
  const name = hostname.toLowerCase().replace(/^\[|\]$/g, '')
  switch (isIP(name)) {
    case 4:
      return name.startsWith('169.254.')
    case 6:
      return /^fe[89ab]/.test(name) || /^fd00:0?ec2:/.test(name) || /^::ffff:(?:169\.254\.|a9fe:)/.test(name)
    default:
      return false
  }
}
