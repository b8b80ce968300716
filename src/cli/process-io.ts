import { isatty } from 'node:tty'
import type { Io } from './io.ts'

const descriptors = { stdin: 0, stdout: 1, stderr: 2 } as const

/** More than this waiting to be written, and who produces should wait. */
const highWater = 256 * 1024

/** This process as the world of a command. Streams are opened when they are first used: opening costs a millisecond each. */
export const processIo = (): Readonly<{ io: Io; leave: (exitCode: number) => Promise<void> }> => {
  const opened = { stdout: false, stderr: false }
  const outputClosed = new Set<() => void>()

  const writer = (name: 'stdout' | 'stderr') => (data: string | Uint8Array) => {
    if (!opened[name]) {
      opened[name] = true
      process[name].on('error', (error: NodeJS.ErrnoException) => {
        if (name === 'stdout' && error.code === 'EPIPE' && outputClosed.size > 0) {
          for (const listener of outputClosed) listener()
          return
        }
        // Who reads has seen enough (`| head`): that is no error. Without stderr there is nobody to tell.
        process.exit(error.code === 'EPIPE' || name === 'stderr' ? Number(process.exitCode) || 0 : 1)
      })
    }
    process[name].write(data)
  }

  const io: Io = {
    env: process.env,
    stdin: () => process.stdin,
    out: writer('stdout'),
    err: writer('stderr'),
    onOutputClosed: listener => {
      outputClosed.add(listener)
      return () => outputClosed.delete(listener)
    },
    isTerminal: stream => isatty(descriptors[stream]),
    drained: () => {
      const { stdout } = process
      if (!opened.stdout || stdout.destroyed || stdout.writableLength < highWater) return Promise.resolve()
      return new Promise(resolve => stdout.once('drain', resolve).once('close', resolve))
    },
    size: () =>
      isatty(1) && process.stdout.rows > 0
        ? { rows: process.stdout.rows, columns: process.stdout.columns }
        : null,
    onResize: listener => {
      if (!isatty(1)) return () => {}
      process.stdout.on('resize', listener)
      return () => process.stdout.off('resize', listener)
    },
    onSignal: (signal, listener) => {
      process.on(signal, listener)
      return () => process.off(signal, listener)
    },
    rawMode: () => {
      if (!isatty(0)) return () => {}
      process.stdin.setRawMode(true)
      return () => process.stdin.setRawMode(false)
    },
    now: () => new Date(),
    cwd: process.cwd(),
  }

  const flushed = (name: 'stdout' | 'stderr') =>
    new Promise<void>(resolve => {
      if (!opened[name] || process[name].writableLength === 0) resolve()
      else process[name].write('', () => resolve())
    })

  const leave = async (exitCode: number) => {
    process.exitCode = exitCode
    if (opened.stdout || opened.stderr) await Promise.all([flushed('stdout'), flushed('stderr')])
    process.exit(exitCode)
  }

  return { io, leave }
}
