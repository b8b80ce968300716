import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runProgram } from './program.ts'

const repository = join(import.meta.dirname, '..', '..')

/** A daemon on directories of its own, the command line to it, and requests straight to its socket. */
export const startShiplog = async (root: string, state: string) => {
  const daemon = spawn(
    join(repository, 'bin/shiplogd'),
    ['--root', root, '--state', state, '--node', 'bench'],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
  const socket = join(state, 'shiplog.sock')
  const env = { ...process.env, SHIPLOG_HOST: `unix://${socket}` }

  const ask = <A = unknown>(method: string, path: string, body?: unknown, headers = {}) =>
    new Promise<A>((resolve, reject) => {
      const sent = request(
        {
          socketPath: socket,
          method,
          path,
          headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        },
        reply => {
          let text = ''
          reply.setEncoding('utf8')
          reply.on('data', (chunk: string) => (text += chunk))
          reply.on('end', () =>
            (reply.statusCode ?? 500) < 300
              ? resolve((text === '' ? undefined : JSON.parse(text)) as A)
              : reject(new Error(`${method} ${path}: ${reply.statusCode} ${text}`)),
          )
        },
      )
      sent.on('error', reject)
      sent.end(body === undefined ? undefined : JSON.stringify(body))
    })

  for (let i = 0; i < 200; i++) {
    const isUp = await ask('GET', '/v1/version').then(
      () => true,
      () => false,
    )
    if (isUp) break
    await sleep(50)
  }

  const shiplog = (...args: ReadonlyArray<string>) => runProgram(join(repository, 'bin/shiplog'), args, env)

  const resident = () => {
    const status = readFileSync(`/proc/${daemon.pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) * 1024
  }

  return {
    ask,
    command: <A = unknown>(name: string, body: unknown, query = '') =>
      ask<A>('POST', `/v1/commands/${name}${query}`, body, { prefer: 'wait=60' }),
    shiplog,
    resident,
    pid: daemon.pid as number,
    async [Symbol.asyncDispose]() {
      daemon.kill('SIGTERM')
      await new Promise(resolve => daemon.once('exit', resolve))
    },
  }
}
