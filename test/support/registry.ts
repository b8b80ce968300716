import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import type { Blob, PackedImage } from './image.ts'

/** What came in. */
export type Seen = Readonly<{
  method: string
  url: string
  headers: IncomingMessage['headers']
}>

/** Answers a request in its own way, or leaves it (false) to the registry. */
export type Fault = (
  request: IncomingMessage,
  response: ServerResponse,
  seen: ReadonlyArray<Seen>,
) => boolean | Promise<boolean>

const RANGE = /^bytes=(\d+)-$/

/**
 * A small OCI registry on the loopback interface that does what it is told, also what it should not. `fault` may take
 * over any request; everything else is answered by the protocol.
 */
export const startRegistry = async (host = '127.0.0.1') => {
  const blobs = new Map<string, Blob>()
  const manifests = new Map<string, Blob>()
  const seen: Array<Seen> = []
  let fault: Fault = () => false

  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const [, kind, reference] = /\/v2\/.+\/(manifests|blobs)\/([^/?]+)$/.exec(request.url ?? '') ?? []
    const found = kind === 'manifests' ? manifests.get(reference ?? '') : blobs.get(reference ?? '')
    if (request.url === '/v2/') response.writeHead(200).end('{}')
    else if (found === undefined)
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"errors":[]}')
    else send(response, found, request.headers.range)
  }

  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request
    seen.push({ method, url, headers })
    response.on('error', () => {})
    Promise.resolve(fault(request, response, seen)).then(
      isTaken => (isTaken ? undefined : answer(request, response)),
      (error: unknown) => response.destroy(error as Error),
    )
  })
  server.listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    host: `${host}:${port}`,
    url: `http://${host}:${port}`,
    seen,
    /** The paths that were asked for, without the first part that is always the same. */
    asked: () => seen.map(({ url }) => url.replace(/^\/v2\/[^?]*?\/(?=manifests|blobs)/, '')),
    /** From now on. */
    misbehave: (next: Fault) => {
      fault = next
    },
    addBlob: (blob: Blob) => {
      blobs.set(blob.digest, blob)
    },
    addManifest: (manifest: Blob, ...tags: ReadonlyArray<string>) => {
      for (const reference of [manifest.digest, ...tags]) manifests.set(reference, manifest)
    },
    addImage: ({ layers, config, manifest, index, target }: PackedImage, tag: string) => {
      for (const blob of [...layers, config]) blobs.set(blob.digest, blob)
      for (const document of index === null ? [manifest] : [manifest, index])
        manifests.set(document.digest, document)
      manifests.set(tag, target)
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export type TestRegistry = Awaited<ReturnType<typeof startRegistry>>

/** A blob as a well-behaved registry sends it. */
export const send = (response: ServerResponse, { mediaType, digest, bytes }: Blob, range?: string) => {
  const start = Number(RANGE.exec(range ?? '')?.[1] ?? 0)
  const part = bytes.subarray(start)
  response
    .writeHead(start > 0 ? 206 : 200, {
      'content-type': mediaType,
      'content-length': part.length,
      'docker-content-digest': digest,
      ...(start > 0 ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}),
    })
    .end(part)
}
