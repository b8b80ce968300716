import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Asked = Readonly<{
  method: string
  path: string
  query: Readonly<Record<string, string>>
  headers: IncomingMessage['headers']
  body: unknown
}>

/** An answer: an object is JSON with status 200, a function does it all itself. */
export type Answer =
  | Readonly<{ status: number; json: unknown; headers?: Readonly<Record<string, string>> }>
  | ((request: IncomingMessage, response: ServerResponse, asked: Asked) => void)

export type Routes = Readonly<Record<string, (asked: Asked) => Answer>>

export const ok = (json: unknown): Answer => ({ status: 200, json })

export const problem = (status: number, reason: string, detail: string, extras: object = {}): Answer => ({
  status,
  json: { type: `https://shiplog.dev/problems/${reason}`, title: reason, status, detail, reason, ...extras },
})

/** Docker's framing of one piece of output. */
export const frame = (stream: 1 | 2, text: string): Buffer => {
  const header = Buffer.alloc(8)
  header[0] = stream
  header.writeUInt32BE(Buffer.byteLength(text), 4)
  return Buffer.concat([header, Buffer.from(text)])
}

export const output =
  (...frames: ReadonlyArray<Buffer>): Answer =>
  (_, response) => {
    response.writeHead(200, { 'content-type': 'application/vnd.docker.multiplexed-stream' })
    for (const each of frames) response.write(each)
    response.end()
  }

/** A daemon that answers what it is told to, on a socket of its own; it remembers what it was asked. */
export const fakeDaemon = async (routes: Routes) => {
  const directory = mkdtempSync(join(tmpdir(), 'shiplog-cli-'))
  const path = join(directory, 'shiplog.sock')
  const asked: Array<Asked> = []

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://daemon')
    const key = `${request.method} ${decodeURIComponent(url.pathname)}`
    const route =
      routes[key] ??
      Object.entries(routes).find(
        ([pattern]) => pattern.endsWith('*') && key.startsWith(pattern.slice(0, -1)),
      )?.[1]
    const respond = (body: unknown) => {
      const seen = {
        method: request.method ?? '',
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        headers: request.headers,
        body,
      }
      asked.push(seen)
      const answer = route?.(seen) ?? problem(404, 'not-found', `there is no ${key}`)
      if (typeof answer === 'function') return answer(request, response, seen)
      const text = JSON.stringify(answer.json)
      const type = answer.status >= 400 ? 'application/problem+json' : 'application/json'
      response.writeHead(answer.status, { 'content-type': type, ...answer.headers }).end(text)
    }
    if (request.headers['content-type'] !== 'application/json') return respond(null)
    const chunks: Array<Buffer> = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => respond(JSON.parse(Buffer.concat(chunks).toString('utf8'))))
  })
  await new Promise<void>(resolve => server.listen(path, resolve))

  return {
    path,
    host: `unix://${path}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

export type FakeDaemon = Awaited<ReturnType<typeof fakeDaemon>>
