/** Runs at most so many at a time; the others wait in the order in which they came. */
export const atMost = (limit: number) => {
  const waiting: Array<() => void> = []
  let running = 0

  return async <A>(run: () => Promise<A>): Promise<A> => {
    if (running >= limit) await new Promise<void>(resolve => waiting.push(resolve))
    running += 1
    try {
      return await run()
    } finally {
      running -= 1
      waiting.shift()?.()
    }
  }
}
