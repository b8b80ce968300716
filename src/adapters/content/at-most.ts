/** Runs at most so many at a time; the others wait in the order in which they came. */
export const atMost = (limit: number) => {
  const waiting: Array<() => void> = []
  let running = 0

  return async <A>(run: () => Promise<A>): Promise<A> => {
    // Whoever has waited takes the place of the one that left: nobody can come in between.
    if (running >= limit) await new Promise<void>(resolve => waiting.push(resolve))
    else running += 1
    try {
      return await run()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}
