import { setTimeout as sleep } from 'node:timers/promises'

/** How long and how often a registry is waited for. Time and chance are arguments. */
export type Patience = Readonly<{
  /** Tries in a row that may come to nothing. */
  attempts: number
  /** The first pause is at most this long, each one after it twice that, up to `longestMs`. */
  firstMs: number
  longestMs: number
  random: () => number
  pause: (ms: number, signal: AbortSignal) => Promise<void>
  now: () => number
}>

export const PATIENCE: Patience = {
  attempts: 5,
  firstMs: 250,
  longestMs: 20_000,
  random: Math.random,
  pause: async (ms, signal) => {
    await sleep(ms, undefined, { signal })
  },
  now: Date.now,
}

/** No second try: for mirrors, where somebody else can be asked. */
export const impatient = (patience: Patience): Patience => ({ ...patience, attempts: 1 })

/**
 * The pause after the nth failure: half of it fixed and half of it by chance, so that many clients do not come back
 * together. What the registry wishes (`Retry-After`: seconds or a date, RFC 9110 section 10.2.3) counts, within the
 * same bounds.
 */
export const pauseAfter = (
  failures: number,
  retryAfter: string | null,
  { firstMs, longestMs, random, now }: Patience,
): number => {
  const doubled = Math.min(longestMs, firstMs * 2 ** (failures - 1))
  const own = doubled / 2 + (doubled / 2) * random()
  return Math.min(longestMs, Math.max(own, wishOf(retryAfter, now())))
}

const wishOf = (retryAfter: string | null, now: number): number => {
  if (retryAfter === null) return 0
  const wish = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - now
  return Number.isNaN(wish) ? 0 : Math.max(0, wish)
}
