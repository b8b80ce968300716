import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs, styleText } from 'node:util'
import { startDockerRegistry } from '../test/support/docker-registry.ts'
import { census } from '../test/support/leaks.ts'
import { busyboxImage, pushImage } from './busybox-image.ts'

// From a registry to an exit code, and then what the history knows of it: a transcript of real commands to a real
// daemon on directories of its own. Nothing of it is left when it ends, however it ends.

const { values: options } = parseArgs({ options: { image: { type: 'string' } } })

const bin = join(import.meta.dirname, '..', 'bin')
const scratch = mkdtempSync(join(tmpdir(), 'shiplog-demo-'))
const state = join(scratch, 'state')
const socket = join(state, 'shiplog.sock')
const env = { ...process.env, HOME: scratch, SHIPLOG_HOST: `unix://${socket}` }

/** Ctrl-C ends what is being shown; the daemon, which does not hear it, is then asked to clear up. */
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort())

/** As a person would have to write it for a shell. */
const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)

const tell = (text: string) => console.log(`\n${styleText('dim', `# ${text}`)}`)
const echo = (...words: ReadonlyArray<string>) =>
  console.log(styleText('bold', `$ ${words.map(quoted).join(' ')}`))

type Ended = Readonly<{ code: number | null; output: string }>

/** Runs the command line; what it says is shown as it comes, unless it is only asked for a value. */
const command = async (words: ReadonlyArray<string>, { quiet = false } = {}): Promise<Ended> => {
  const child = spawn(join(bin, 'shiplog'), words, {
    env,
    stdio: ['ignore', quiet ? 'pipe' : 'inherit', 'inherit'],
  })
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output: output.trim() }
}

/** A line of the transcript. A command that ends otherwise than it should ends the demonstration. */
const shiplog = async (words: ReadonlyArray<string>, expected = 0) => {
  echo('shiplog', ...words)
  const { code } = await command(words)
  interrupted.signal.throwIfAborted()
  if (code !== expected) throw new Error(`shiplog ${words[0]} ended with ${code} instead of ${expected}`)
}

const answers = () =>
  new Promise<boolean>(resolve => {
    const attempt = connect(socket)
    attempt.once('connect', () => resolve(true)).once('error', () => resolve(false))
    attempt.once('connect', () => attempt.destroy())
  })

const startDaemon = async () => {
  const words = ['--root', join(scratch, 'root'), '--state', state]
  echo('shiplogd', ...words, '&')
  const daemon = spawn(join(bin, 'shiplogd'), words, {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  // What it says about itself is shown only where it does not start.
  let said = ''
  daemon.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = once(daemon, 'exit')
  const stop = async () => {
    const { output } = await command(['ps', '-a', '-q', '--no-trunc'], { quiet: true })
    const left = output.split('\n').filter(id => id !== '')
    if (left.length > 0) await command(['rm', '-f', ...left], { quiet: true })
    echo('kill', '-TERM', '%shiplogd')
    daemon.kill('SIGTERM')
    await ended
  }
  for (let waited = 0; !(await answers()); waited += 20) {
    if (daemon.exitCode !== null || waited > 15_000) {
      daemon.kill('SIGKILL')
      throw new Error(`the daemon did not start: ${said}`)
    }
    await sleep(20)
  }
  return { [Symbol.asyncDispose]: stop }
}

/** An image in a registry: what was asked for, or busybox from one of our own on loopback. */
const anImage = async () => {
  if (options.image !== undefined) return { image: options.image, [Symbol.asyncDispose]: async () => {} }
  tell('a registry on loopback, with an image made of this machine’s busybox')
  const registry = await startDockerRegistry()
  echo('docker-registry', 'serve', '…', '&')
  await pushImage(registry.url, 'demo/busybox', 'latest', await busyboxImage())
  return { image: `${registry.host}/demo/busybox:latest`, [Symbol.asyncDispose]: registry.stop }
}

const demonstrate = async () => {
  await using source = await anImage()
  const { image } = source
  tell('the engine, with its log in one file')
  await using _ = await startDaemon()

  tell('an image, from the registry to its layers on disk')
  await shiplog(['pull', image])
  await shiplog(['images'])

  tell('a container that runs, says something and is gone')
  await shiplog(
    ['run', '--rm', '--network', 'none', image, 'sh', '-c', 'echo hello from $(hostname); exit 3'],
    3,
  )

  tell('one that stays')
  const work = 'while true; do echo working; sleep 0.2; done'
  await shiplog(['run', '-d', '--name', 'web', '--network', 'none', image, 'sh', '-c', work])
  await sleep(500, undefined, interrupted)
  await shiplog(['ps'])
  await shiplog(['logs', '--tail', '2', 'web'])
  const earlier = new Date().toISOString()

  tell('somebody kills it, and not through us')
  const { output } = await command(['inspect', '--format', '{{.State.Pid}}', 'web'], { quiet: true })
  const pid = Number(output)
  if (!(pid > 1)) throw new Error(`the container has no process: ${output}`)
  echo('kill', '-KILL', String(pid))
  process.kill(pid, 'SIGKILL')
  await shiplog(['wait', 'web'])
  await shiplog(['ps', '-a'])

  tell('why?')
  await shiplog(['why', 'web'])

  tell('removed is not forgotten')
  await shiplog(['rm', 'web'])
  await shiplog(['history', 'web'])
  await shiplog(['history', '-n', '8'])

  tell('and as it was before all that')
  await shiplog(['ps', '--at', earlier])

  tell('the daemon stops, and everything of this goes')
}

const started = performance.now()
try {
  await demonstrate()
  console.log(`\nThat was all, in ${((performance.now() - started) / 1000).toFixed(1)} s.`)
} catch (error) {
  console.error(`\nthe demonstration ended early: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}

// Through a mount that is still there, a removal would reach what is mounted.
const { mounts, processes } = census({ root: scratch })
if (mounts.length + processes.length > 0) {
  console.error(`left behind under ${scratch}:\n${[...mounts, ...processes].join('\n')}`)
  process.exitCode = 1
} else rmSync(scratch, { recursive: true, force: true })
