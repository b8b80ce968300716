import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const freePort = async () => {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  await once(server.close(), 'close')
  return port
}

/**
 * Debian's `docker-registry` (CNCF Distribution) on a free port of the loopback interface. What it stores is removed
 * with it, unless the caller says where to keep it.
 */
export const startDockerRegistry = async (storage?: string) => {
  const directory = await mkdtemp(join(tmpdir(), 'docker-registry-'))
  const port = await freePort()
  const host = `127.0.0.1:${port}`
  const url = `http://${host}`
  const config = join(directory, 'config.yml')
  await writeFile(
    config,
    JSON.stringify({
      version: '0.1',
      log: { level: 'error' },
      storage: {
        filesystem: { rootdirectory: storage ?? join(directory, 'storage') },
        delete: { enabled: true },
      },
      http: { addr: host },
    }),
  )

  const registry = spawn('docker-registry', ['serve', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  registry.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4096)
  })
  let isOver = false
  const ended = new Promise<void>(resolve => {
    const over = (error?: unknown) => {
      if (error instanceof Error) said += error.message
      isOver = true
      resolve()
    }
    registry.once('error', over)
    registry.once('exit', () => over())
  })

  const stop = async () => {
    if (!isOver) registry.kill('SIGKILL')
    await ended
    await rm(directory, { recursive: true, force: true })
  }

  const answers = async () => {
    try {
      const response = await fetch(`${url}/v2/`)
      await response.arrayBuffer()
      return response.ok
    } catch {
      return false
    }
  }

  for (let waited = 0; !(await answers()); waited += 50) {
    if (isOver || waited > 10_000) {
      await stop()
      throw new Error(`docker-registry did not start: ${said}`)
    }
    await sleep(50)
  }
  return { host, url, stop, [Symbol.asyncDispose]: stop }
}
