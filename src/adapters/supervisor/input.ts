import { closeSync, constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import type { ContainerId, ExecId } from '../../domain/kernel/identifiers.ts'
import { makeFifo } from '../host/node.ts'

/** The writing end of somebody's standard input. Ending it is the end of the input. */
export type Input = Readonly<{ stream: () => Writable; close: () => void }>

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
    close: () => {
      letGo()
      socket?.destroy()
    },
  }
}

/** The open inputs, by whom they belong to. */
export const openInputs = () => {
  const inputs = new Map<ContainerId | ExecId, Input>()
  return {
    keep: (owner: ContainerId | ExecId, input: Input) => void inputs.set(owner, input),
    of: (owner: ContainerId | ExecId): Input | null => inputs.get(owner) ?? null,
    forget: (owner: ContainerId | ExecId) => {
      inputs.get(owner)?.close()
      inputs.delete(owner)
    },
  }
}

export type Inputs = ReturnType<typeof openInputs>
