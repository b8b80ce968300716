import { closeSync, constants, openSync, readSync } from 'node:fs'
import { Socket } from 'node:net'

/** What conmon writes on its sync pipe: the pid, or a negative number and what the runtime said. */
export type Message = Readonly<{ data: number; message?: string }>

export type Sync = Readonly<{
  /** The first message; null where there never was one. */
  first: Promise<Message | null>
  /** Nobody has the FIFO open for writing any more: what the monitor wrote is final. */
  ended: Promise<void>
  /** The monitor was there when we began to listen. */
  isAlive: boolean
  /** Stops listening: `ended` resolves, whatever the monitor does. */
  close: () => void
}>

/** Opens the FIFO so that it has a writer: without one, nobody would be told of its end. */
export const openWriter = (path: string): number => openSync(path, constants.O_RDWR)

/**
 * Listens to a monitor.
 *
 * A FIFO whose writer is gone already never wakes a reader (no EPOLLHUP before the first byte), so it is read once,
 * synchronously, before anything is waited for: nothing to read now (EAGAIN) means that the monitor lives, end of file
 * that it does not. Leaving that read out hangs for ever (measured).
 */
export const listen = (path: string): Sync => {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const first = Promise.withResolvers<Message | null>()
  let line: Array<Buffer> = []
  let length = 0
  let isOver = false
  /** Only the first line says something; the rest is read so that nobody is kept waiting, and forgotten. */
  const hear = (chunk: Buffer) => {
    if (isOver) return
    const end = chunk.indexOf(NEWLINE)
    const piece = end >= 0 ? chunk.subarray(0, end) : chunk
    line.push(Buffer.from(piece))
    length += piece.length
    isOver = end >= 0 || length > LONGEST
    if (!isOver) return
    first.resolve(parse(Buffer.concat(line).toString()))
    line = []
  }

  const buffer = Buffer.alloc(4096)
  for (;;) {
    let read: number
    try {
      read = readSync(fd, buffer)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') break
      closeSync(fd)
      throw error
    }
    if (read === 0) {
      closeSync(fd)
      first.resolve(null)
      return { first: first.promise, ended: Promise.resolve(), isAlive: false, close: () => undefined }
    }
    hear(buffer.subarray(0, read))
  }

  const socket = new Socket({ fd, readable: true, writable: false })
  const ended = new Promise<void>(resolve => {
    socket.on('data', hear)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      first.resolve(null)
      resolve()
    })
    socket.on('end', () => socket.destroy())
  })
  // Containers may run for months: waiting for them is no reason for the daemon not to end.
  socket.unref()
  return { first: first.promise, ended, isAlive: true, close: () => socket.destroy() }
}

const NEWLINE = 10

/** The longest line that is read: what the runtime says may quote a whole command line, and nothing has more to say. */
const LONGEST = 1 << 18

const parse = (line: string): Message => {
  try {
    const said = JSON.parse(line) as Partial<Message> | null
    if (Number.isInteger(said?.data) && Math.abs(said?.data ?? 0) < 2 ** 31)
      return {
        data: said?.data ?? 0,
        ...(typeof said?.message === 'string' ? { message: said.message } : {}),
      }
  } catch {
    // Whatever it is, it was said: it may be the only hint that there is.
  }
  return { data: -1, message: line.slice(0, 500) }
}
