/** Waits for what another party is about to do; fails after two seconds. */
export const until = async (holds: () => boolean): Promise<void> => {
  for (let i = 0; i < 400; i += 1) {
    if (holds()) return
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  throw new Error(`it never came to that: ${holds}`)
}
