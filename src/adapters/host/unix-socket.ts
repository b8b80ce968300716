import { closeSync, openSync } from 'node:fs'
import { connect, Socket } from 'node:net'
import { basename, dirname } from 'node:path'
import { checked, cString, libc } from './libc.ts'

/**
 * Connects to a unix socket of type SOCK_SEQPACKET (conmon's attach socket): each `data` event of what is returned
 * is one packet (up to 64 KiB), each write sends one. Connecting to a unix socket does not wait, so this returns
 * connected or throws SystemError: ECONNREFUSED and ENOENT when nobody listens, EAGAIN when the listener is behind.
 *
 * Node opens only stream sockets by path or number, but its Pipe handle takes any descriptor that can be polled.
 */
export const connectSeqpacket = (path: string): Socket => {
  const fd = checked(libc.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), 'socket', path)
  try {
    withShortPath(path, short => {
      const address = addressOf(short)
      checked(libc.connect(fd, address, address.length), 'connect', path)
    })
    const handle = newPipe()
    const error = handle.open(fd)
    if (error !== 0) throw new Error(`${path}: cannot be opened as a pipe (${error})`)
    // Typed as nothing in particular: Node hands handles from one socket to another without saying so.
    return new Socket({ handle, allowHalfOpen: true, readable: true, writable: true } as object)
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

export type Credentials = Readonly<{ pid: number; uid: number; gid: number }>

/**
 * Who is at the other end of a connected unix socket, as the kernel saw them when they connected (SO_PEERCRED); 0 as
 * pid where they are in a pid namespace we cannot see. Throws SystemError, and an Error on a socket that is closed.
 */
export const peerCredentials = (socket: Socket): Credentials => {
  const credentials = Buffer.alloc(12)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(credentials.length)
  checked(
    libc.getsockopt(descriptorOf(socket), SOL_SOCKET, SO_PEERCRED, credentials, length),
    'getsockopt',
    null,
  )
  return {
    pid: credentials.readInt32LE(0),
    uid: credentials.readUInt32LE(4),
    gid: credentials.readUInt32LE(8),
  }
}

/** shutdown(2), at once and whatever is still queued; `socket.end()` is the polite way. Throws SystemError. */
export const shutdown = (socket: Socket, direction: 'read' | 'write' | 'both'): void => {
  checked(libc.shutdown(descriptorOf(socket), { read: 0, write: 1, both: 2 }[direction]), 'shutdown', null)
}

/** <sys/socket.h>, Linux on x64 and arm64 */
const AF_UNIX = 1
const SOCK_SEQPACKET = 5
const SOCK_NONBLOCK = 0o4000
const SOCK_CLOEXEC = 0o2000000
const SOL_SOCKET = 1
const SO_PEERCRED = 17

type PipeHandle = Readonly<{ fd: number; open: (fd: number) => number }>
type PipeConstructor = new (kind: number) => PipeHandle

const handleOf = (socket: Socket) => (socket as unknown as { _handle: PipeHandle | null })._handle

const descriptorOf = (socket: Socket): number => {
  const fd = handleOf(socket)?.fd ?? -1
  if (fd < 0) throw new Error('the socket is closed')
  return fd
}

let Pipe: PipeConstructor | undefined

/** Node's own class of pipes, taken from a socket that is on its way to nowhere. */
const newPipe = (): PipeHandle => {
  if (Pipe === undefined) {
    const probe = connect(`\0shiplog-nobody-${process.pid}`).on('error', () => {})
    Pipe = handleOf(probe)?.constructor as PipeConstructor
    probe.destroy()
  }
  const client = 0
  return new Pipe(client)
}

/** struct sockaddr_un: the family, then the path. */
const addressOf = (path: string): Buffer => {
  const family = Buffer.alloc(2)
  family.writeUInt16LE(AF_UNIX)
  return Buffer.concat([family, cString(path, 'connect')])
}

/** A socket's address holds 107 bytes of path. A longer one is reached through a descriptor of its directory. */
const withShortPath = (path: string, run: (path: string) => void) => {
  if (Buffer.byteLength(path) <= 107) return run(path)
  const directory = openSync(dirname(path), 'r')
  try {
    run(`/proc/self/fd/${directory}/${basename(path)}`)
  } finally {
    closeSync(directory)
  }
}
