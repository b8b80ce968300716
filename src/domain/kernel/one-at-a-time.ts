/** Runs what belongs to one key in the order it was asked for; what belongs to different keys does not wait. */
export const oneAtATime = <Key>() => {
  const last = new Map<Key, Promise<unknown>>()

  return <A>(key: Key, run: () => Promise<A>): Promise<A> => {
    const before = last.get(key)
    const mine = before === undefined ? run() : before.then(run, run)
    last.set(key, mine)
    const leave = () => {
      if (last.get(key) === mine) last.delete(key)
    }
    mine.then(leave, leave)
    return mine
  }
}
