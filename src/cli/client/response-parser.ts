/** The head of an HTTP/1.1 response. Header names are in lower case. */
export type Head = Readonly<{ status: number; headers: Readonly<Record<string, string>> }>

export type Listener = Readonly<{
  head: (head: Head) => void
  data: (chunk: Buffer) => void
  end: () => void
}>

export class MalformedResponse extends Error {}

type Phase =
  | Readonly<{ is: 'head' }>
  | Readonly<{ is: 'chunk-size' | 'chunk-end' | 'trailers' }>
  | { is: 'counted'; left: number; chunked: boolean }
  | Readonly<{ is: 'until-close' }>

const headLimit = 64 * 1024

/**
 * Reads responses, one after the other, from whatever pieces a socket delivers (RFC 9112, sections 4, 6 and 7).
 * Interim responses (1xx) are passed over. Bytes of a body are handed on as they come, never gathered.
 */
export const responseParser = (listener: Listener) => {
  let kept: Buffer = Buffer.alloc(0)
  let phase: Phase = { is: 'head' }

  const finish = () => {
    phase = { is: 'head' }
    listener.end()
  }

  const begin = (text: string) => {
    const head = parseHead(text)
    if (head.status < 200) return
    listener.head(head)
    if (head.status === 204 || head.status === 304) return finish()
    if (/\bchunked\b/i.test(head.headers['transfer-encoding'] ?? '')) {
      phase = { is: 'chunk-size' }
      return
    }
    const length = head.headers['content-length']
    if (length === undefined) phase = { is: 'until-close' }
    else if (!/^[0-9]+$/.test(length)) throw new MalformedResponse(`content-length is "${length}"`)
    else if (Number(length) === 0) finish()
    else phase = { is: 'counted', left: Number(length), chunked: false }
  }

  const line = (text: string) => {
    switch (phase.is) {
      case 'chunk-size': {
        const size = /^([0-9a-fA-F]{1,8})(?:\s*;.*)?$/.exec(text)?.[1]
        if (size === undefined) throw new MalformedResponse(`a chunk begins with "${text.slice(0, 40)}"`)
        const left = Number.parseInt(size, 16)
        phase = left === 0 ? { is: 'trailers' } : { is: 'counted', left, chunked: true }
        return
      }
      case 'chunk-end':
        if (text !== '') throw new MalformedResponse('a chunk is longer than it says')
        phase = { is: 'chunk-size' }
        return
      default:
        if (text === '') finish()
    }
  }

  /** Takes one step; false when it needs more bytes. */
  const step = (): boolean => {
    if (kept.length === 0) return false
    if (phase.is === 'until-close') {
      const all = kept
      kept = Buffer.alloc(0)
      listener.data(all)
      return false
    }
    if (phase.is === 'counted') {
      const piece = kept.subarray(0, phase.left)
      kept = kept.subarray(piece.length)
      phase.left -= piece.length
      const { left, chunked } = phase
      listener.data(piece)
      if (left > 0) return false
      if (chunked) phase = { is: 'chunk-end' }
      else finish()
      return true
    }
    const ending = phase.is === 'head' ? '\r\n\r\n' : '\r\n'
    const at = kept.indexOf(ending)
    if (at === -1) {
      if (kept.length > headLimit) throw new MalformedResponse('the head of a response has no end')
      return false
    }
    const text = kept.toString('latin1', 0, at)
    kept = kept.subarray(at + ending.length)
    if (phase.is === 'head') begin(text)
    else line(text)
    return true
  }

  return {
    feed: (chunk: Buffer) => {
      kept = kept.length === 0 ? chunk : Buffer.concat([kept, chunk])
      while (step());
    },
    /** The other side has closed. True when that is how the body ends, or when nothing was outstanding. */
    close: (): boolean => {
      if (phase.is === 'until-close') {
        finish()
        return true
      }
      return phase.is === 'head' && kept.length === 0
    },
  }
}

const parseHead = (text: string): Head => {
  const [first = '', ...lines] = text.split('\r\n')
  const status = /^HTTP\/1\.[01] ([0-9]{3})(?: |$)/.exec(first)?.[1]
  if (status === undefined) throw new MalformedResponse(`an answer begins with "${first.slice(0, 40)}"`)
  const headers: Record<string, string> = {}
  for (const header of lines) {
    const colon = header.indexOf(':')
    if (colon < 1) throw new MalformedResponse(`a header is "${header.slice(0, 40)}"`)
    headers[header.slice(0, colon).toLowerCase()] = header.slice(colon + 1).trim()
  }
  return { status: Number(status), headers }
}
