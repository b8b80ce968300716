import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isInstalled, runProgram } from './program.ts'

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

  const ctr = (...args: ReadonlyArray<string>) => runProgram('ctr', ['-a', socket, ...args])

  return {
    ctr,
    async [Symbol.asyncDispose]() {
      daemon.kill('SIGTERM')
      await new Promise(resolve => daemon.once('exit', resolve))
    },
  }
}
