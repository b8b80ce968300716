import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const isInstalled = (program: string) => {
  try {
    execFileSync('which', [program], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Debian's containerd on directories of its own, or null where it is not installed. */
export const startContainerd = async (directory: string) => {
  if (!isInstalled('containerd') || !isInstalled('ctr')) return null
  mkdirSync(directory, { recursive: true })
  const socket = join(directory, 'c.sock')
  const config = join(directory, 'config.toml')
  writeFileSync(
    config,
    [
      'version = 2',
      `root = "${join(directory, 'root')}"`,
      `state = "${join(directory, 'state')}"`,
      'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
      '[grpc]',
      `  address = "${socket}"`,
    ].join('\n'),
  )
  const daemon = spawn('containerd', ['--config', config, '--log-level', 'error'], { stdio: 'ignore' })
  for (let i = 0; i < 100 && !existsSync(socket); i++) await sleep(50)

  const ctr = (...args: ReadonlyArray<string>) =>
    new Promise<void>((resolve, reject) => {
      const child = spawn('ctr', ['-a', socket, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
      let errors = ''
      child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
      child.on('error', reject)
      child.on('exit', code =>
        code === 0 ? resolve() : reject(new Error(`ctr ${args.join(' ')}: ${errors}`)),
      )
    })

  return {
    ctr,
    async [Symbol.asyncDispose]() {
      daemon.kill('SIGTERM')
      await new Promise(resolve => daemon.once('exit', resolve))
    },
  }
}
