import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { isLoopback } from './endpoints.ts'
import type { Place } from './endpoints.ts'
import { failureOf, refused, unavailable } from './registry-failure.ts'
import { discard, readBounded } from './registry-http.ts'
import type { Http, Response } from './registry-http.ts'
import { parseChallenges } from './challenge.ts'
import type { Challenge } from './challenge.ts'

/** What somebody shows to a registry. */
export type Credential =
  | Readonly<{ kind: 'password'; username: string; password: string }>
  /** An OAuth 2 refresh token, as `docker login` gets from some registries. */
  | Readonly<{ kind: 'identity-token'; token: string }>
  /** A token that is shown as it is. */
  | Readonly<{ kind: 'registry-token'; token: string }>

/** The credentials for a registry's (or a mirror's) host in an operation; null for nobody in particular. */
export type Credentials = (host: string, credentialsKey: string) => Promise<Credential | null>

type Token = Readonly<{ authorization: string; until: number }>

type Asking = Readonly<{ place: Place; credentialsKey: string; signal: AbortSignal }>

const MAX_TOKEN_ANSWER = 256 * 1024
const MAX_TOKENS = 1000

/**
 * The `Authorization` a registry wants to see: none at first, then whatever its challenge asks for (distribution's
 * "Token Authentication Specification"; RFC 7617 for Basic). Tokens are kept for as long as they are good, by
 * repository and operation.
 */
export const registryAuth = (http: Http, credentials: Credentials, now: () => number = Date.now) => {
  const tokens = new Map<string, Token>()
  const keyOf = ({ place: { origin, path }, credentialsKey }: Asking) =>
    `${origin}\n${path}\n${credentialsKey}`

  const keep = (key: string, token: Token) => {
    tokens.delete(key)
    tokens.set(key, token)
    const [oldest] = tokens.keys()
    if (tokens.size > MAX_TOKENS && oldest !== undefined) tokens.delete(oldest)
    return token.authorization
  }

  /** Public images can be had whatever is wrong with somebody's credentials. */
  const lookUp = async (host: string, credentialsKey: string) => {
    try {
      return { credential: await credentials(host, credentialsKey), trouble: null }
    } catch (error) {
      return { credential: null, trouble: failureOf(host, error).cause }
    }
  }

  const answerTo = async (challenges: ReadonlyArray<Challenge>, asking: Asking): Promise<string> => {
    const { place, credentialsKey } = asking
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer')
    const { credential, trouble } = await lookUp(place.host, credentialsKey)

    if (credential?.kind === 'registry-token')
      return keep(keyOf(asking), { authorization: `Bearer ${printable(credential.token)}`, until: Infinity })
    if (bearer !== undefined) return keep(keyOf(asking), await fetchToken(bearer, credential, asking))
    if (challenges.some(({ scheme }) => scheme === 'basic') && credential?.kind === 'password')
      return keep(keyOf(asking), { authorization: basic(credential), until: Infinity })
    const none = trouble ?? 'there are no credentials for it'
    throw unauthorized(place, credential === null ? none : 'it does not take the credentials we have')
  }

  const fetchToken = async (
    { params }: Challenge,
    credential: Credential | null,
    { place, signal }: Asking,
  ): Promise<Token> => {
    const realm = realmOf(params['realm'] ?? '', place)
    const scope = `repository:${place.path}:pull`
    const service = params['service'] ?? null
    // A registry may name any realm; it is not thereby owed its users' passwords for somewhere else.
    const shown = isTrusted(realm, place) ? credential : null

    const response = await (shown?.kind === 'identity-token'
      ? http.ask({
          url: realm,
          signal,
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams({
            grant_type: 'refresh_token',
            refresh_token: shown.token,
            client_id: 'shiplog',
            scope,
            ...(service === null ? {} : { service }),
          }).toString(),
        })
      : http.ask({
          url: withQuery(realm, { ...(service === null ? {} : { service }), scope }),
          signal,
          headers: shown?.kind === 'password' ? { authorization: basic(shown) } : {},
        }))

    if (response.statusCode !== 200) {
      await discard(response)
      const why = `${realm.host} gave no token (${response.statusCode})`
      const isBusy = response.statusCode === 429 || response.statusCode >= 500
      throw isBusy ? unavailable('registry-unreachable', `${place.path}: ${why}`) : unauthorized(place, why)
    }
    return tokenOf(await readBounded(response, MAX_TOKEN_ANSWER), place, now())
  }

  return {
    /** What to show before anything was asked for; null for nothing. */
    known: (asking: Asking): string | null => {
      const token = tokens.get(keyOf(asking))
      return token !== undefined && token.until > now() ? token.authorization : null
    },
    /** What to show after a refusal (401). It throws where there is nothing (more) to show. */
    answer: (response: Response, asking: Asking): Promise<string> => {
      tokens.delete(keyOf(asking))
      return answerTo(parseChallenges(response.headers['www-authenticate']), asking)
    },
  }
}

/** The realm must be a URL that is encrypted; or, where the registry itself is not, on the same host or this machine. */
const realmOf = (text: string, place: Place): URL => {
  const realm = URL.parse(text)
  if (realm === null) throw unauthorized(place, 'its challenge names no realm')
  const origin = new URL(place.origin)
  const mayBePlain =
    origin.protocol === 'http:' &&
    (realm.hostname === origin.hostname || (isLoopback(realm.hostname) && isLoopback(origin.hostname)))
  if (realm.protocol !== 'https:' && !(realm.protocol === 'http:' && mayBePlain))
    throw unauthorized(place, `its realm ${realm.protocol}//${realm.host} is not encrypted`)
  if (realm.username !== '' || realm.password !== '') throw unauthorized(place, 'its realm names a user')
  return realm
}

/** The same host, or a neighbour in the same domain (`auth.docker.io` of `registry-1.docker.io`), over TLS. */
const isTrusted = (realm: URL, place: Place): boolean => {
  const { hostname } = new URL(place.origin)
  if (realm.hostname === hostname) return true
  if (isLoopback(realm.hostname) && isLoopback(hostname)) return true
  return realm.protocol === 'https:' && domainOf(realm.hostname) === domainOf(hostname)
}

/** The last two labels of a name; all of an address. */
const domainOf = (hostname: string): string =>
  /^[\d.]+$|^\[/.test(hostname) ? hostname : hostname.split('.').slice(-2).join('.')

const withQuery = (url: URL, query: Readonly<Record<string, string>>): URL => {
  const whole = new URL(url)
  for (const [name, value] of Object.entries(query)) whole.searchParams.set(name, value)
  return whole
}

const basic = ({ username, password }: Extract<Credential, { kind: 'password' }>) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`

const TokenAnswer = t.partial({ token: t.string, access_token: t.string, expires_in: t.number })

/** A token lives for a minute where nothing else is said, and for an hour at most; the last seconds are not relied on. */
const tokenOf = (bytes: Uint8Array | null, place: Place, now: number): Token => {
  const answer = E.tryCatch(
    () => JSON.parse(Buffer.from(bytes ?? []).toString('utf8')) as unknown,
    () => null,
  )
  const decoded = E.isRight(answer) ? TokenAnswer.decode(answer.right) : answer
  const token = E.isRight(decoded) ? decoded.right.token || decoded.right.access_token || '' : ''
  if (token === '') throw unauthorized(place, 'its token server gave no token')
  const seconds = E.isRight(decoded) ? (decoded.right.expires_in ?? 60) : 60
  const lifetime = Math.min(Math.max(Number.isFinite(seconds) ? seconds : 60, 60), 3600) - 10
  return { authorization: `Bearer ${printable(token)}`, until: now + lifetime * 1000 }
}

/** Whatever else is in a token would be in our headers. */
const printable = (token: string): string => {
  if (/^[\x21-\x7e]+$/.test(token)) return token
  throw refused('registry-protocol', 'a token has characters that are not for headers')
}

const unauthorized = ({ origin, path }: Place, why: string) =>
  refused('registry-unauthorized', `${new URL(origin).host}: ${path}: ${why}`)
