import type { Endpoint } from './endpoints.ts'
import { discard } from './registry-http.ts'
import type { Http } from './registry-http.ts'

/**
 * Which of an endpoint's origins is spoken there. Where there is a choice (`http` or `https` at a loopback or insecure
 * host), each is asked once for `/v2/`, and the first that answers is remembered; who does not answer may do so later.
 */
export const spokenOrigins = (http: Http) => {
  const known = new Map<string, string>()

  const speaks = async (origin: string, signal: AbortSignal): Promise<boolean> => {
    try {
      const response = await http.ask({ url: new URL(`${origin}/v2/`), headers: {}, signal })
      await discard(response)
      // A server that expects TLS says "bad request" in plain words.
      return response.statusCode !== 400
    } catch {
      return false
    }
  }

  return async (origins: Endpoint['origins'], signal: AbortSignal): Promise<string> => {
    const [likeliest, ...others] = origins
    if (others.length === 0) return likeliest
    const remembered = known.get(likeliest)
    if (remembered !== undefined) return remembered
    for (const origin of origins) {
      if (!(await speaks(origin, signal))) continue
      known.set(likeliest, origin)
      return origin
    }
    return likeliest
  }
}
