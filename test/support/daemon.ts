import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const repository = join(import.meta.dirname, '..', '..')

export type Said = Readonly<{ code: number | null; stdout: string; stderr: string }>

const collected = (stream: NodeJS.ReadableStream) => {
  const chunks: Array<Buffer> = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks)
}

export type Reply = Readonly<{
  status: number
  headers: NodeJS.Dict<string | Array<string>>
  body: unknown
  text: string
}>

/** A real daemon on scratch directories, and a real command line to it. It can be killed and started again. */
type Options = Readonly<{
  args?: ReadonlyArray<string>
  /** Where its root is, if that is not to go with it. */
  root?: string
  /** And its state. */
  state?: string
}>

export const startDaemon = async (options: Options = {}) => {
  const scratch = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'shiplog-e2e-'))
  const root = options.root ?? join(scratch, 'root')
  const state = options.state ?? join(scratch, 'state')
  const socket = join(state, 'shiplog.sock')
  const env = { PATH: process.env['PATH'], HOME: scratch, SHIPLOG_HOST: `unix://${socket}` }

  const launch = async (more: Readonly<Record<string, string>> = {}, through: ReadonlyArray<string> = []) => {
    const [program = '', ...args] = [...through, join(repository, 'bin/shiplogd')]
    const child = spawn(
      program,
      [...args, '--root', root, '--state', state, '--node', 'n1', ...(options.args ?? [])],
      { env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    const output = collected(child.stdout)
    const errors = collected(child.stderr)
    const ended = once(child, 'exit')
    for (let i = 0; ; i++) {
      const reply = await ask('GET', '/v1/version').catch(() => null)
      if (reply?.status === 200) break
      if (child.exitCode !== null || child.signalCode !== null || i > 300)
        throw new Error(`the daemon did not start: ${output()}${errors()}`)
      await sleep(50)
    }
    return { child, ended, said: () => `${output()}${errors()}` }
  }

  const ask = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    new Promise<Reply>((resolve, reject) => {
      const sent = request(
        {
          socketPath: socket,
          // No connection is kept: tests count what is open.
          agent: false,
          method,
          path,
          headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        },
        reply => {
          const text = collected(reply)
          reply.on('end', () => {
            const all = text().toString()
            const isJson = /json/.test(reply.headers['content-type'] ?? '')
            const { statusCode: status = 0, headers } = reply
            resolve({ status, headers, body: isJson ? (JSON.parse(all) as unknown) : all, text: all })
          })
        },
      )
      sent.on('error', reject)
      sent.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body))
    })

  /** Runs the command line; `input` is its standard input. */
  const shiplog = async (args: ReadonlyArray<string>, input: string | Buffer = ''): Promise<Said> => {
    const child = spawn(join(repository, 'bin/shiplog'), args, { env })
    const stdout = collected(child.stdout)
    const stderr = collected(child.stderr)
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, stdout: stdout().toString(), stderr: stderr().toString() }
  }

  let daemon = await launch()

  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    daemon.child.kill(signal)
    await daemon.ended
  }

  return {
    root,
    state,
    socket,
    env,
    pid: () => daemon.child.pid as number,
    /** What the daemon has written to its own output, in this life. */
    said: () => daemon.said(),
    ask,
    command: (name: string, body: unknown, headers: Record<string, string> = {}) =>
      ask('POST', `/v1/commands/${name}`, body, { prefer: 'wait=30', ...headers }),
    shiplog,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    /** With more in its environment, and through another program, where that is wanted. Rejects where it ends before it is ready. */
    start: async (
      more: Readonly<Record<string, string>> = {},
      through: ReadonlyArray<string> = [],
    ): Promise<void> => {
      daemon = await launch(more, through)
    },
    /** Resolves when it has ended, however that comes. */
    ended: () => daemon.ended,
    async [Symbol.asyncDispose]() {
      if (daemon.child.exitCode === null && daemon.child.signalCode === null) {
        const reply = await ask('GET', '/v1/containers?all=true')
        for (const { id } of (reply.body as { items: ReadonlyArray<{ id: string }> }).items)
          await ask(
            'POST',
            '/v1/commands/remove-container',
            { container: id, force: true },
            { prefer: 'wait=10' },
          )
        await end('SIGTERM')
      }
      rmSync(scratch, { recursive: true, force: true })
    },
  }
}

export type Daemon = Awaited<ReturnType<typeof startDaemon>>
