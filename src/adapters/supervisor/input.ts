import { closeSync, constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { Writable } from 'node:stream'
import type { ContainerId, ExecId } from '../../domain/kernel/identifiers.ts'
import { makeFifo } from '../host/node.ts'
import { connectSeqpacket, shutdown } from '../host/unix-socket.ts'

/** The writing end of somebody's standard input. Ending it is the end of the input. */
export type Input = Readonly<{
  stream: () => Writable
  /** Our own descriptor of it, as long as nobody has written. */
  held: () => number | null
  close: () => void
}>

/**
 * A FIFO as standard input, opened for reading and writing before the process opens its end: so that neither open
 * waits for the other. Once somebody writes, the reading side of ours is let go of: then a process that closes its
 * input is noticed (EPIPE), and the end of the input is a real end of file.
 */
export const openInput = (path: string): Input => {
  makeFifo(path, 0o600)
  let held: number | null = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  let socket: Socket | null = null

  const letGo = () => {
    if (held !== null) closeSync(held)
    held = null
  }

  return {
    stream: () => {
      if (socket !== null) return socket
      const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
      letGo()
      socket = new Socket({ fd, readable: false, writable: true })
      socket.on('error', () => socket?.destroy())
      return socket
    },
    held: () => held,
    close: () => {
      letGo()
      socket?.destroy()
    },
  }
}

/** conmon 2.1 cuts a packet off after 32,768 bytes. */
const LARGEST_PACKET = 16_384

/**
 * Types on the terminal whose monitor listens at this socket (`attach`). It would also send what the terminal shows, and
 * the container would stop when we do not read it: so we say that we never will. What it shows is in the output log.
 * Each packet waits for the one before, because Node would join them and they would grow too long. Ending it ends
 * nothing but this: a terminal has no end of file. Throws SystemError where nobody listens.
 */
export const openTerminalInput = (path: string): Writable => {
  const socket = connectSeqpacket(path)
  shutdown(socket, 'read')
  socket.resume()
  const input = new Writable({
    write: (bytes: Buffer, _, done) => {
      const send = (start: number): void => {
        if (start >= bytes.length) return done()
        const packet = bytes.subarray(start, start + LARGEST_PACKET)
        socket.write(packet, error => (error == null ? send(start + LARGEST_PACKET) : done(error)))
      }
      send(0)
    },
    final: done => {
      socket.end(done)
    },
    destroy: (error, done) => {
      socket.destroy()
      done(error)
    },
  })
  socket.on('error', error => input.destroy(error))
  socket.on('close', () => input.destroy())
  return input
}

/** The open inputs, by whom they belong to. */
export const openInputs = () => {
  const inputs = new Map<ContainerId | ExecId, Input>()
  return {
    /** One that was kept before (of a launch that came to nothing) is closed. */
    keep: (owner: ContainerId | ExecId, input: Input) => {
      inputs.get(owner)?.close()
      inputs.set(owner, input)
    },
    of: (owner: ContainerId | ExecId): Input | null => inputs.get(owner) ?? null,
    forget: (owner: ContainerId | ExecId) => {
      inputs.get(owner)?.close()
      inputs.delete(owner)
    },
  }
}

export type Inputs = ReturnType<typeof openInputs>
