import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openTerminalInput } from '../../../src/adapters/supervisor/input.ts'
import { readOutput } from '../../../src/adapters/supervisor/output-log.ts'
import { terminalSizes } from '../../../src/adapters/supervisor/terminal.ts'
import { codeOf, containerWorld, daemonOn, soon } from '../../support/containers.ts'

const world = containerWorld()
const daemon = daemonOn(world)
after(() => world[Symbol.asyncDispose]())

/** A shell at a terminal: what is typed, and what is shown. */
const shell = async () => {
  const started = await daemon.start({
    args: ['/bin/sh'],
    terminal: true,
    consoleSize: { rows: 30, columns: 90 },
  })
  const { container, directory, ended } = started
  let shown = ''
  const shows = async (text: string) => {
    for (let i = 0; i < 500 && !shown.includes(text); i++) await sleep(10)
    assert.ok(shown.includes(text), `${JSON.stringify(text)} in ${JSON.stringify(shown)}`)
  }
  const options = { follow: true, since: null, until: null, tail: null }
  const reading = (async () => {
    const all = { ...options, ended, signal: AbortSignal.timeout(60_000) }
    for await (const { bytes } of readOutput(daemon.outputOf(container), all)) shown += String(bytes)
  })()
  const input = openTerminalInput(`${directory}/attach`)
  const close = async () => {
    input.write('exit 5\n')
    assert.equal(codeOf(await soon('it ends', ended)), 5)
    await reading
  }
  return { ...started, input, shows, close, attach: `${directory}/attach` }
}

describe('a terminal', () => {
  it('has the size it was made with, shows what is typed, and obeys', async () => {
    const { input, shows, close } = await shell()
    input.write('stty size; echo $((6*7))\n')
    await shows('stty size; echo $((6*7))')
    await shows('30 90\r\n42\r\n')
    await close()
  })

  it('takes on the last of many sizes', async () => {
    const { directory, input, shows, close } = await shell()
    const resize = terminalSizes()
    for (let i = 1; i <= 50; i++) resize(directory, { rows: 20 + i, columns: 100 + i })
    await sleep(400)
    input.write('stty size\n')
    await shows('70 150\r\n')
    await close()
  })

  it('survives that somebody goes, and takes the next', async () => {
    const { input, attach, shows, close } = await shell()
    const other = openTerminalInput(attach)
    other.write('echo a$((1+1))\n')
    await shows('a2\r\n')
    other.destroy()
    await sleep(50)
    input.write('echo b$((2+2))\n')
    await shows('b4\r\n')
    await close()
  })

  it('takes more than a packet at once, whole', async () => {
    const { input, shows, close } = await shell()
    input.write('stty raw -echo; head -c 100000 | tr -d "\\n" | tail -c 3; stty sane; echo done\n')
    await sleep(200)
    input.write(`${'x'.repeat(99_997)}end`)
    await shows('end')
    await close()
  })

  it('cannot be typed at when nobody listens', () => {
    assert.throws(() => openTerminalInput(`${world.path}/nothing`), { code: 'ENOENT' })
    terminalSizes()(`${world.path}/nothing`, { rows: 1, columns: 1 })
  })
})
