import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { openTerminalInput } from '../../../src/adapters/supervisor/input.ts'
import { terminalSizes } from '../../../src/adapters/supervisor/terminal.ts'
import type { ContainerId, ExecId } from '../../../src/domain/kernel/identifiers.ts'
import { runs } from '../../support/long.ts'
import { containerWorld, daemonOn, newContainer, newExec, soon } from '../../support/containers.ts'

const world = containerWorld()
const daemon = daemonOn(world)
after(() => world[Symbol.asyncDispose]())

const sh = (script: string) => ['/bin/sh', '-c', script]
let container: ContainerId
before(async () => {
  const started = await daemon.start({ args: ['/bin/sleep', '1000'] })
  container = started.container
})

type Asked = Parameters<typeof daemon.exec>[1]

const begin = async (asked: Asked, exec?: ExecId) => {
  const begun = await daemon.exec(container, asked, exec)
  assert.ok(E.isRight(begun.started), JSON.stringify(begun.started))
  const ended = daemon.processes.ended({ exec: begun.exec, container })
  return {
    exec: begun.exec,
    pid: begun.started.right.pid,
    ended,
    directory: `${daemon.directoryOf(container)}/exec/${begun.exec}`,
  }
}

const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

describe('a further process in a container', () => {
  it('writes, ends and is told by its exit code', async () => {
    const { exec, ended } = await begin({ args: sh('echo hi; echo err >&2; exit 3') })
    const end = await soon('it ends', ended)
    assert.ok(end.kind === 'exited')
    assert.deepEqual([end.exitCode, end.signal], [3, null])
    assert.equal(String(await daemon.execOutput(exec, ended)), 'hi\nerr\n')
  })

  it('is told by its signal', async () => {
    const { ended } = await begin({ args: sh('kill -9 $$') })
    const end = await soon('it ends', ended)
    assert.deepEqual(end.kind === 'exited' && [end.exitCode, end.signal], [137, 9])
  })

  it('X8 ends with its container', async () => {
    const other = await daemon.start({ args: ['/bin/sleep', '1000'] })
    const { exec, started } = await daemon.exec(other.container, { args: ['/bin/sleep', '1000'] })
    assert.ok(E.isRight(started))
    await daemon.runtime.kill(other.container)()
    const end = await soon('it ends', daemon.processes.ended({ exec, container: other.container }))
    assert.deepEqual(end.kind === 'exited' && end.exitCode, 137)
  })

  it('reads all of its input, to the end', async () => {
    const { exec, ended } = await begin({ args: ['/bin/cat'], stdin: true })
    const sent = randomBytes(2_000_000)
    daemon.inputs.of(exec)?.stream().end(sent)
    assert.equal(hash(await daemon.execOutput(exec, ended)), hash(sent))
    assert.equal((await soon('it ends', ended)).kind, 'exited')
  })

  it('gets the values of its environment, which are kept nowhere afterwards', async () => {
    const exec = newExec()
    daemon.processes.keepEnvironment(exec, ['SECRET=of no one'])
    const { ended, directory } = await begin({ args: sh('echo $SECRET; sleep 0.2') }, exec)
    assert.throws(() => readFileSync(`${directory}/process.json`))
    assert.equal(String(await daemon.execOutput(exec, ended)), 'of no one\n')
  })

  it('has a terminal where asked: of that size, typed at, resized', async () => {
    const { exec, ended, directory } = await begin({
      args: ['/bin/sh'],
      terminal: true,
      stdin: true,
      consoleSize: { rows: 31, columns: 91 },
    })
    const output = daemon.execOutput(exec, ended)
    const input = openTerminalInput(`${directory}/attach`)
    input.write('stty size\n')
    await sleep(100)
    terminalSizes()(directory, { rows: 32, columns: 92 })
    await sleep(300)
    input.write('stty size; exit 4\n')
    const end = await soon('it ends', ended)
    assert.deepEqual(end.kind === 'exited' && end.exitCode, 4)
    const shown = String(await output)
    assert.match(shown, /31 91\r\n/)
    assert.match(shown, /32 92\r\n/)
  })

  it('X8 is started once, however often its id is used', async () => {
    const exec = newExec()
    const asked = { args: sh('echo once; exit 6') }
    const all = await Promise.all([1, 2, 3].map(() => daemon.exec(container, asked, exec)))
    const end = await soon('it ends', daemon.processes.ended({ exec, container }))
    const later = await daemon.exec(container, asked, exec)
    const another = daemonOn(world)
    const afterRestart = await another.exec(container, asked, exec)
    for (const { started } of [...all, afterRestart]) assert.deepEqual(started, later.started)
    assert.deepEqual(await another.processes.ended({ exec, container }), end)
    assert.equal(String(await daemon.execOutput(exec, Promise.resolve())), 'once\n')
  })

  it('is found again by the next daemon', async () => {
    const { exec } = await begin({ args: sh('sleep 0.5; exit 8') })
    const next = daemonOn(world)
    const end = await soon('it ends', next.processes.ended({ exec, container }))
    assert.deepEqual(end.kind === 'exited' && end.exitCode, 8)
  })

  it('is lost where nothing is left of it', async () => {
    const lost = (of: ContainerId) => daemon.processes.ended({ exec: newExec(), container: of })
    assert.deepEqual(await lost(container), { kind: 'lost', because: 'daemon-restarted' })
    assert.deepEqual(await lost(newContainer()), { kind: 'lost', because: 'host-restarted' })
  })

  it('is lost with its monitor', async () => {
    const { directory, ended } = await begin({ args: ['/bin/sleep', '0.5'] })
    process.kill(Number(readFileSync(`${directory}/conmon.pid`, 'utf8')), 9)
    assert.deepEqual(await soon('it is told', ended), { kind: 'lost', because: 'monitor-died' })
  })

  it('X8 starts many times beside each other, and every byte is there', async () => {
    for (const terminal of [false, true]) {
      const all = await Promise.all(
        Array.from({ length: runs(50, 500) }, async (_, i) => {
          const { exec, ended } = await begin({ args: ['/bin/echo', `z${i}`], terminal })
          return [await daemon.execOutput(exec, ended), (await ended).kind] as const
        }),
      )
      for (const [i, [output, kind]] of all.entries())
        assert.deepEqual([String(output), kind], [`z${i}${terminal ? '\r' : ''}\n`, 'exited'])
    }
  })
})

describe('what cannot be started in a container', () => {
  const failing = async (args: ReadonlyArray<string>, of = container, terminal = false) => {
    const { started } = await daemon.exec(of, { args, terminal })
    assert.ok(E.isLeft(started))
    return [started.left.problem, started.left.exitCode]
  }

  for (const terminal of [false, true])
    it(`is told by what is wrong with it${terminal ? ', at a terminal, too' : ''}`, async () => {
      assert.deepEqual(await failing(['/nope'], container, terminal), ['command-not-found', 127])
      assert.deepEqual(await failing(['nope'], container, terminal), ['command-not-found', 127])
      assert.deepEqual(await failing(['/etc/not-a-program'], container, terminal), [
        'command-not-executable',
        126,
      ])
    })

  it('is anything at all when the container does not run', async () => {
    const stopped = await daemon.start({ args: ['/bin/true'] })
    await soon('it ends', stopped.ended)
    assert.deepEqual(await failing(['/bin/true'], stopped.container), ['not-running', 126])
  })
})
