/** A promise, or an error that says what did not happen. */
export const soon = async <A>(what: string, promise: Promise<A>, milliseconds = 20_000): Promise<A> => {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`${what} within ${milliseconds} ms`)), milliseconds)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
