import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { whenGone } from './context.ts'
import type { Input, Output } from './engine.ts'

const NEWLINE = 10

/** docker's framing: stream (1 stdout, 2 stderr), three zeros, the length big-endian, the bytes. */
const frame = ({ stream, bytes }: Output): Buffer => {
  const framed = Buffer.allocUnsafe(8 + bytes.length)
  framed.writeUInt32BE(stream === 'stdout' ? 0x01000000 : 0x02000000, 0)
  framed.writeUInt32BE(bytes.length, 4)
  framed.set(bytes, 8)
  return framed
}

type Sent = Readonly<{
  /** A terminal's output is one stream: it goes as it is. */
  isRaw: boolean
  timestamps: boolean
  wanted: (output: Output) => boolean
}>

async function* chunks(output: AsyncIterable<Output>, { isRaw, timestamps, wanted }: Sent) {
  /** Of each stream, whether what comes next begins a line. */
  const startsLine = { stdout: true, stderr: true }
  for await (const piece of output) {
    if (!wanted(piece)) continue
    const { stream, at } = piece
    const time = timestamps && startsLine[stream] && at !== null ? `${at.replace(/\+00:00$/, 'Z')} ` : ''
    const bytes = time === '' ? piece.bytes : Buffer.concat([Buffer.from(time), piece.bytes])
    startsLine[stream] = piece.bytes.at(-1) === NEWLINE
    yield isRaw ? Buffer.from(bytes) : frame({ ...piece, bytes })
  }
}

/** Sends output as fast as it is read, and no faster. */
export const sendOutput = (reply: FastifyReply, output: AsyncIterable<Output>, sent: Sent): FastifyReply =>
  reply
    .type(sent.isRaw ? 'application/vnd.docker.raw-stream' : 'application/vnd.docker.multiplexed-stream')
    // Headers now: whoever waits for the first byte may wait long.
    .send(Readable.from(chunks(output, sent), { objectMode: false, highWaterMark: 1 << 16 }))

/** Fires when the client is gone. */
export const goneSignal = (request: FastifyRequest, reply: FastifyReply): AbortSignal => {
  const gone = new AbortController()
  const forget = whenGone(request, () => gone.abort())
  reply.raw.once('close', () => {
    forget()
    gone.abort()
  })
  return gone.signal
}

/** Passes a request's body on to who reads it, as fast as they do. All of it is the end of the input; a client that went away is not. */
export const passOn = async (request: FastifyRequest, input: Input): Promise<void> => {
  let isWhole = false
  try {
    for await (const chunk of (request.body ?? []) as AsyncIterable<Buffer>)
      if (!(await input.write(chunk))) break
    isWhole = true
  } catch {
    // The client went away in the middle of it.
  }
  if (isWhole) input.end()
  else input.leave()
}
