import type { Place } from './endpoints.ts'
import type { Patience } from './patience.ts'
import { pauseAfter } from './patience.ts'
import type { registryAuth } from './registry-auth.ts'
import { failureOf, refused, unavailable } from './registry-failure.ts'
import { discard, header } from './registry-http.ts'
import type { Headers, Http, Response } from './registry-http.ts'

/** One repository at one endpoint, on behalf of one operation. */
export type Repository = Readonly<{
  place: Place
  /**
   * `what` is `manifests/<reference>` or `blobs/<digest>`. `use` is given a success (200 or 206), or 416; when the
   * connection breaks while it reads, it is called again with another.
   */
  get: <A>(what: string, headers: Headers, use: (response: Response) => Promise<A>) => Promise<A>
}>

type Dependencies = Readonly<{
  http: Http
  auth: ReturnType<typeof registryAuth>
  patience: Patience
}>

/**
 * Asks until there is an answer: shows what the registry's challenge wants to see, comes back later when it is busy or
 * away, and says what any other refusal means.
 */
export const repositoryAt = (
  { http, auth, patience }: Dependencies,
  place: Place,
  credentialsKey: string,
  signal: AbortSignal,
): Repository => {
  const asking = { place, credentialsKey, signal }

  const ask = (url: URL, headers: Headers, authorization: string | null) =>
    http.ask({ url, signal, headers: authorization === null ? headers : { ...headers, authorization } })

  const askAuthorized = async (url: URL, headers: Headers): Promise<Response> => {
    const response = await ask(url, headers, auth.known(asking))
    if (response.statusCode !== 401) return response
    await discard(response)
    return ask(url, headers, await auth.answer(response, asking))
  }

  const get = async <A>(
    what: string,
    headers: Headers,
    use: (response: Response) => Promise<A>,
  ): Promise<A> => {
    const url = URL.parse(`${place.origin}/v2/${place.path}/${what}`)
    if (url === null) throw refused('registry-refused', `${place.origin} cannot be asked`)
    for (let failures = 1; ; failures++) {
      let failure: ReturnType<typeof unavailable>
      let retryAfter: string | null = null
      try {
        const response = await askAuthorized(url, headers)
        const { statusCode } = response
        if (statusCode === 200 || statusCode === 206 || statusCode === 416) return await use(response)
        await discard(response)
        failure = refusalOf(place, what, statusCode)
        retryAfter = header(response, 'retry-after')
      } catch (error) {
        failure = failureOf(url.host, error)
      }
      signal.throwIfAborted()
      if (failure.reason === 'refused' || failures >= patience.attempts) throw failure
      await patience.pause(pauseAfter(failures, retryAfter, patience), signal)
    }
  }

  return { place, get }
}

const refusalOf = ({ origin, path }: Place, what: string, status: number) => {
  const about = `${new URL(origin).host}: ${path}: ${what}`
  if (status === 401 || status === 403)
    return refused('registry-unauthorized', `${about}: access is denied (${status})`)
  if (status === 404) return refused('image-not-found', `${about}: is not there`)
  if (status === 408 || status === 425 || status === 429 || status >= 500)
    return unavailable('registry-unreachable', `${about}: the registry is busy or broken (${status})`)
  return refused('registry-refused', `${about}: the registry refused (${status})`)
}
