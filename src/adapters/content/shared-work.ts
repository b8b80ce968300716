type Shared<A> = { readonly result: Promise<A>; readonly abort: AbortController; callers: number }

/**
 * Work that several callers want at once, and that is done once. Each of them may leave by its own signal; the work
 * is aborted when the last has left. Who comes after that waits until it has put its things away, and begins anew.
 */
export const sharedWork = <Key, A>() => {
  const underWay = new Map<Key, Shared<A>>()

  const begin = (key: Key, work: (signal: AbortSignal) => Promise<A>): Shared<A> => {
    const abort = new AbortController()
    const result = work(abort.signal).finally(() => underWay.delete(key))
    const shared = { result, abort, callers: 0 }
    underWay.set(key, shared)
    return shared
  }

  const share = async (
    key: Key,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<A>,
  ): Promise<A> => {
    let shared = underWay.get(key)
    while (shared?.abort.signal.aborted === true) {
      await Promise.allSettled([shared.result])
      shared = underWay.get(key)
    }
    signal.throwIfAborted()
    const joined = shared ?? begin(key, work)
    joined.callers += 1

    const { promise: left, reject } = Promise.withResolvers<never>()
    const leave = () => {
      joined.callers -= 1
      if (joined.callers > 0) reject(signal.reason)
      else joined.abort.abort(signal.reason)
    }
    signal.addEventListener('abort', leave, { once: true })
    try {
      return await Promise.race([joined.result, left])
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }

  return { share, isUnderWay: (key: Key) => underWay.has(key) }
}
