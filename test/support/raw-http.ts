import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** What came on a connection: all bytes as text, and the answers' status lines in them. */
export type Heard = Readonly<{ text: string; statuses: ReadonlyArray<number>; isClosed: boolean }>

/** As soon as there is room for one more. */
const connected = async (path: string): Promise<Socket> => {
  for (let patience = 500; ; patience--) {
    const socket = connect({ path, allowHalfOpen: true })
    try {
      await once(socket, 'connect')
      return socket
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || patience === 0) throw error
      await sleep(10)
    }
  }
}

/** A connection that sends what it is told to, which need not be HTTP. */
export const rawConnection = async (path: string) => {
  const socket = await connected(path)
  const chunks: Array<Buffer> = []
  let isClosed = false
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => {})
  socket.on('end', () => {
    isClosed = true
  })
  socket.on('close', () => {
    isClosed = true
  })
  const heard = (): Heard => {
    const text = Buffer.concat(chunks).toString('latin1')
    return {
      text,
      statuses: [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, code]) => Number(code)),
      isClosed,
    }
  }

  return {
    socket,
    heard,
    /** Resolves when the kernel has taken it; false: nobody is there any more. */
    send: (bytes: string | Uint8Array): Promise<boolean> =>
      new Promise(resolve => {
        if (isClosed || socket.destroyed) return resolve(false)
        const done = (is: boolean) => {
          socket.off('close', gone)
          resolve(is)
        }
        const gone = () => done(false)
        socket.once('close', gone)
        socket.write(bytes, error => done(error == null))
      }),
    /** What came until so many answers have, it was closed, or the time is over. */
    answers: async (count = 1, milliseconds = 5_000): Promise<Heard> => {
      for (const end = Date.now() + milliseconds; Date.now() < end; await sleep(5)) {
        const { isClosed, statuses } = heard()
        if (isClosed || statuses.length >= count) break
      }
      await sleep(20)
      return heard()
    },
    [Symbol.dispose]: () => void socket.destroy(),
  }
}

/** Sends one thing on a connection of its own, and gives what came of it. */
export const rawly = async (path: string, bytes: string | Uint8Array, count = 1): Promise<Heard> => {
  using connection = await rawConnection(path)
  await connection.send(bytes)
  return await connection.answers(count)
}
