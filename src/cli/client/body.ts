/** The body of an answer, while it comes in. It can be read once. */
export type Body = AsyncIterable<Buffer> & Readonly<{ bytes: () => Promise<Buffer> }>

type Waiting = Readonly<{
  resolve: (result: IteratorResult<Buffer, undefined>) => void
  reject: (error: Error) => void
}>

const done: IteratorReturnResult<undefined> = { done: true, value: undefined }

/** What a socket pushes and a reader pulls. `tooFull` and `emptied` are how the socket is slowed down. */
export const bodyQueue = (limit: number, tooFull: () => void, emptied: () => void) => {
  const chunks: Array<Buffer> = []
  let size = 0
  let waiting: Waiting | null = null
  let ended = false
  let failure: Error | null = null

  const settle = (act: (waiting: Waiting) => void) => {
    const reader = waiting
    waiting = null
    if (reader !== null) act(reader)
  }

  const next = (): Promise<IteratorResult<Buffer, undefined>> => {
    const value = chunks.shift()
    if (value !== undefined) {
      size -= value.length
      if (size === 0) emptied()
      return Promise.resolve({ done: false, value })
    }
    if (failure !== null) return Promise.reject(failure)
    if (ended) return Promise.resolve(done)
    return new Promise((resolve, reject) => {
      waiting = { resolve, reject }
    })
  }

  const body: Body = {
    [Symbol.asyncIterator]: () => ({ next, return: () => Promise.resolve(done) }),
    bytes: async () => {
      const all: Array<Buffer> = []
      for (let result = await next(); result.done !== true; result = await next()) all.push(result.value)
      return all.length === 1 ? (all[0] as Buffer) : Buffer.concat(all)
    },
  }

  return {
    body,
    push: (value: Buffer) => {
      if (waiting !== null) return settle(({ resolve }) => resolve({ done: false, value }))
      chunks.push(value)
      size += value.length
      if (size > limit) tooFull()
    },
    end: () => {
      ended = true
      settle(({ resolve }) => resolve(done))
    },
    fail: (error: Error) => {
      failure = error
      settle(({ reject }) => reject(error))
    },
  }
}
