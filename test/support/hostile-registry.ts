import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Blob, PackedImage } from './image.ts'
import { startRegistry } from './registry.ts'

/** How an answer differs from the honest one; what is not said here is as the protocol has it. */
export type Bend = Readonly<{
  status?: number
  type?: string
  /** Added to the honest ones, or in their place; null takes one away. */
  headers?: Readonly<Record<string, string | ReadonlyArray<string> | null>>
  /** Where to look instead: 307, unless another status is said. */
  location?: string
  body?: Uint8Array | string
  /** What Content-Length says; null: it is not there, and the body comes in chunks. */
  announce?: number | null
  /** The body comes again and again, until the connection is gone. */
  endless?: true
  /** The connection is dropped after so many bytes of the body. */
  dropAfter?: number
  /** Nothing more comes after so many bytes of the body, and the connection stays. */
  stallAfter?: number
  /** All of it comes (200), whatever part was asked for. */
  wholeOnly?: true
}>

/** What is asked: a path after `/v2/`, which part of it, and for how many times this rule has been asked. */
export type Asked = Readonly<{
  path: string
  range: string | null
  authorization: string | null
  nth: number
}>

type Rule = Readonly<{ about: RegExp; bend: (asked: Asked) => Bend | null }>

const RANGE = /^bytes=(\d+)-$/

/**
 * A registry that lies on demand: `bend(/blobs/, { dropAfter: 10 })` bends every answer whose path fits, until
 * `behave()`. Where several rules fit, the last one counts; a rule may leave a request (null) to the protocol.
 */
export const startHostileRegistry = async (host?: string) => {
  const registry = await startRegistry(host)
  const things = new Map<string, Blob>()
  const rules: Array<Rule & { asked: number }> = []
  /** Bytes of bodies that were handed to the network. */
  let sent = 0

  const know = (...known: ReadonlyArray<Blob>) => {
    for (const thing of known) things.set(thing.digest, thing)
  }

  const answer = (request: IncomingMessage, response: ServerResponse): boolean => {
    const path = (request.url ?? '').replace(/^\/v2\//, '')
    const range = request.headers.range ?? null
    const authorization = request.headers.authorization ?? null
    for (const rule of rules.toReversed()) {
      if (!rule.about.test(path)) continue
      rule.asked += 1
      const bend = rule.bend({ path, range, authorization, nth: rule.asked })
      if (bend === null) continue
      give(response, bend, things.get(/[^/]+$/.exec(path)?.[0] ?? '') ?? null, range)
      return true
    }
    return false
  }

  const give = (response: ServerResponse, bend: Bend, honest: Blob | null, range: string | null) => {
    const whole = Buffer.from(bend.body ?? honest?.bytes ?? '')
    const start = bend.wholeOnly === true ? 0 : Number(RANGE.exec(range ?? '')?.[1] ?? 0)
    const body = whole.subarray(start)
    const status = bend.status ?? (bend.location !== undefined ? 307 : start > 0 ? 206 : 200)
    const announce = bend.announce === undefined ? body.length : bend.announce
    const headers: Record<string, string | ReadonlyArray<string> | null> = {
      'content-type': bend.type ?? honest?.mediaType ?? 'application/octet-stream',
      'content-length': announce === null || bend.endless === true ? null : String(announce),
      'content-range': start > 0 ? `bytes ${start}-${whole.length - 1}/${whole.length}` : null,
      location: bend.location ?? null,
      ...bend.headers,
    }
    for (const [name, value] of Object.entries(headers)) if (value !== null) response.setHeader(name, value)
    response.writeHead(status)
    const write = (bytes: Uint8Array, then?: () => void) => {
      sent += bytes.length
      return response.write(bytes, then)
    }

    if (bend.endless === true) {
      const more = () => {
        while (!response.destroyed && write(body));
      }
      response.on('drain', more)
      return more()
    }
    if (bend.dropAfter !== undefined)
      // What was written is to arrive before the end of the connection does.
      return void write(body.subarray(0, bend.dropAfter), () => setTimeout(() => response.destroy(), 3))
    if (bend.stallAfter !== undefined) return void write(body.subarray(0, bend.stallAfter))
    write(body)
    response.end()
  }

  registry.misbehave(answer)
  return {
    ...registry,
    sent: () => sent,
    bend: (about: RegExp, bend: Bend | ((asked: Asked) => Bend | null)) => {
      rules.push({ about, bend: typeof bend === 'function' ? bend : () => bend, asked: 0 })
    },
    /** From now on it is honest again. */
    behave: () => {
      rules.length = 0
    },
    addBlob: (blob: Blob) => {
      know(blob)
      registry.addBlob(blob)
    },
    addManifest: (manifest: Blob, ...tags: ReadonlyArray<string>) => {
      know(manifest)
      for (const tag of tags) things.set(tag, manifest)
      registry.addManifest(manifest, ...tags)
    },
    addImage: (image: PackedImage, tag: string) => {
      know(...image.layers, image.config, image.manifest, ...(image.index === null ? [] : [image.index]))
      things.set(tag, image.target)
      registry.addImage(image, tag)
    },
  }
}

export type HostileRegistry = Awaited<ReturnType<typeof startHostileRegistry>>
