import { connect as dial } from 'node:net'
import type { Socket } from 'node:net'
import { bodyQueue } from './client/body.ts'
import type { Body } from './client/body.ts'
import { unreachable } from './client/endpoint.ts'
import type { Endpoint } from './client/endpoint.ts'
import { responseParser } from './client/response-parser.ts'
import type { Head } from './client/response-parser.ts'
import { Failure } from './failure.ts'

export type Method = 'GET' | 'POST'

export type Request = Readonly<{
  method: Method
  path: string
  headers?: Readonly<Record<string, string>>
  body?: string
}>

export type Response = Head & Readonly<{ body: Body }>

/** A request whose body is still being written. `write` resolves when there is room for more. */
export type Upload = Readonly<{
  response: Promise<Response>
  write: (chunk: Uint8Array) => Promise<void>
  /** Resolves when all of it is on its way. */
  end: () => Promise<void>
}>

/**
 * One connection. Requests may be sent before the answers to earlier ones have come (RFC 9112, section 9.3.2): they
 * are answered in their order. An endless answer therefore wants a connection of its own.
 */
export type Connection = Readonly<{
  request: (request: Request) => Promise<Response>
  upload: (request: Request) => Upload
  close: () => void
}>

type Pending = Readonly<{
  resolve: (response: Response) => void
  reject: (error: Error) => void
  queue: ReturnType<typeof bodyQueue>
}>

const bodyLimit = 1024 * 1024

/** The client's half of HTTP/1.1 on `node:net`: `node:http` costs eight milliseconds more, most of it loading. */
export const connect = (endpoint: Endpoint): Connection => {
  const pending: Array<Pending> = []
  let failure: Error | null = null
  let isConnected = false

  const { address } = endpoint
  const socket: Socket = 'path' in address ? dial(address) : dial({ ...address, noDelay: true })

  const parser = responseParser({
    head: head => pending[0]?.resolve({ ...head, body: pending[0].queue.body }),
    data: chunk => pending[0]?.queue.push(chunk),
    end: () => pending.shift()?.queue.end(),
  })

  const fail = (error: Error) => {
    failure ??= error
    for (const { reject, queue } of pending.splice(0)) {
      reject(failure)
      queue.fail(failure)
    }
    socket.destroy()
  }

  const lost = () =>
    new Failure(
      `the connection to the daemon at ${endpoint.name} was lost before it had answered`,
      'shiplog version',
    )

  socket.on('connect', () => {
    isConnected = true
  })
  socket.on('data', (chunk: Buffer) => {
    try {
      parser.feed(chunk)
    } catch (error) {
      const { message } = error as Error
      fail(new Failure(`${endpoint.name} does not answer as a shiplog daemon does: ${message}`))
    }
  })
  socket.on('end', () => {
    parser.close()
    fail(lost())
  })
  socket.on('error', (error: NodeJS.ErrnoException) =>
    fail(isConnected ? lost() : unreachable(endpoint, error.code)),
  )

  const expect = () => {
    const queue = bodyQueue(
      bodyLimit,
      () => socket.pause(),
      () => socket.resume(),
    )
    return new Promise<Response>((resolve, reject) => {
      if (failure === null) pending.push({ resolve, reject, queue })
      else reject(failure)
    })
  }

  const host = 'path' in address ? 'shiplog' : `${address.host}:${address.port}`

  const headOf = ({ method, path, headers = {} }: Request, framing: string) => {
    const lines = Object.entries(headers).map(
      ([name, value]) => `${name}: ${value.replaceAll(/[\r\n]/g, ' ')}\r\n`,
    )
    return `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${lines.join('')}${framing}\r\n`
  }

  return {
    request: request => {
      const response = expect()
      const { body } = request
      const framing =
        body === undefined
          ? request.method === 'POST'
            ? 'content-length: 0\r\n'
            : ''
          : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`
      socket.write(headOf(request, framing) + (body ?? ''))
      return response
    },

    upload: request => {
      const response = expect()
      socket.write(
        headOf(request, 'content-type: application/octet-stream\r\ntransfer-encoding: chunked\r\n'),
      )
      let isOver = false
      return {
        response,
        write: chunk => {
          if (isOver || chunk.length === 0 || socket.destroyed) return Promise.resolve()
          socket.cork()
          socket.write(`${chunk.length.toString(16)}\r\n`)
          socket.write(chunk)
          const hasRoom = socket.write('\r\n')
          socket.uncork()
          if (hasRoom) return Promise.resolve()
          return new Promise(resolve => {
            const proceed = () => {
              socket.off('drain', proceed)
              socket.off('close', proceed)
              resolve()
            }
            socket.once('drain', proceed)
            socket.once('close', proceed)
          })
        },
        end: () =>
          new Promise(resolve => {
            if (isOver || socket.destroyed) return resolve()
            isOver = true
            socket.write('0\r\n\r\n', () => resolve())
          }),
      }
    },

    close: () => {
      failure ??= new Failure('the connection is closed')
      socket.destroy()
    },
  }
}
