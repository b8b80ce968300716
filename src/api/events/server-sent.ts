import { once } from 'node:events'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { whenGone } from '../context.ts'

/** Proxies and browsers take a silent connection for a dead one. */
const HEARTBEAT_MS = 15_000

export type Message = Readonly<{ id?: number; event?: string; data: unknown }>

const text = ({ id, event, data }: Message) =>
  [
    ...(id === undefined ? [] : [`id: ${id}`]),
    ...(event === undefined ? [] : [`event: ${event}`]),
    `data: ${JSON.stringify(data)}`,
    '',
    '',
  ].join('\n')

/**
 * Server-sent events (WHATWG HTML, 9.2). The next message is asked for when the client has taken the last: a slow
 * reader costs no memory, and misses nothing.
 */
export const sendMessages = async (
  request: FastifyRequest,
  reply: FastifyReply,
  messages: (signal: AbortSignal) => AsyncIterable<Message>,
): Promise<void> => {
  reply.hijack()
  const { raw } = reply
  const gone = new AbortController()
  const forget = whenGone(request, () => gone.abort())
  raw.on('error', () => gone.abort())
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  raw.flushHeaders()
  const heartbeat = setInterval(() => {
    if (!raw.writableNeedDrain) raw.write(':\n\n')
  }, HEARTBEAT_MS)
  try {
    for await (const message of messages(gone.signal)) {
      if (gone.signal.aborted) break
      if (!raw.write(text(message))) await once(raw, 'drain', { signal: gone.signal })
    }
  } catch (error) {
    if (!gone.signal.aborted) raw.write(text({ event: 'error', data: { detail: (error as Error).message } }))
  } finally {
    clearInterval(heartbeat)
    forget()
    raw.end()
  }
}

export const wantsMessages = (request: FastifyRequest) =>
  (request.headers.accept ?? '').includes('text/event-stream')
