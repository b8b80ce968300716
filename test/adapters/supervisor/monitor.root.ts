import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { codeOf, containerWorld, daemonOn, isRunning, newContainer, soon } from '../../support/containers.ts'

const world = containerWorld()
const daemon = daemonOn(world)
after(() => world[Symbol.asyncDispose]())

const sh = (script: string) => ['/bin/sh', '-c', script]
const ending = (args: ReadonlyArray<string>) =>
  daemon.start({ args }).then(({ ended }) => soon('it ends', ended))

describe('how a container ended', () => {
  for (const code of [0, 3, 255])
    it(`is told by its exit code ${code}`, async () => {
      const begun = Date.now()
      const ended = await ending(sh(`exit ${code}`))
      assert.ok(ended.kind === 'exited')
      const { exitedAt, ...rest } = ended
      assert.deepEqual(rest, {
        kind: 'exited',
        exitCode: code,
        signal: null,
        oomKilled: false,
        observed: 'live',
      })
      assert.ok(Date.parse(exitedAt) >= begun - 10 && Date.parse(exitedAt) <= Date.now())
    })

  it('is told by its signal', async () => {
    const { container, ended } = await daemon.start({ args: ['/bin/sleep', '1000'] })
    assert.ok(E.isRight(await daemon.runtime.kill(container)()))
    const end = await soon('it ends', ended)
    assert.ok(end.kind === 'exited')
    assert.deepEqual([end.exitCode, end.signal], [137, 9])
  })

  it('X6 may be want of memory', async () => {
    const { ended } = await daemon.start({ args: sh('tail /dev/zero'), memory: 8 << 20 })
    const end = await soon('it ends', ended)
    assert.ok(end.kind === 'exited')
    assert.equal(end.oomKilled, true)
  })

  it('is the same however often and by whomever it is asked', async () => {
    const { container, ended } = await daemon.start({ args: sh('exit 7') })
    const again = daemon.monitor.ended({ container, run: 1 })
    assert.deepEqual(await soon('it ends', again), await ended)
    assert.deepEqual(await daemon.monitor.ended({ container, run: 1 }), await ended)
    assert.deepEqual(
      { ...(await daemonOn(world).monitor.ended({ container, run: 1 })), observed: 'live' },
      await ended,
    )
  })

  it('may be asked before it is launched', async () => {
    const container = newContainer()
    assert.ok(E.isRight(await daemon.launch(container, { args: sh('exit 1') }, 1)))
    assert.equal(codeOf(await soon('it ends', daemon.monitor.ended({ container, run: 1 }))), 1)
    const early = daemon.monitor.ended({ container, run: 2 })
    await sleep(50)
    assert.ok(E.isRight(await daemon.launch(container, { args: sh('exit 2') }, 2)))
    assert.equal(codeOf(await soon('it ends', early)), 2)
  })

  it('is lost when its monitor was killed, and what was left of it is killed, too', async () => {
    const { directory, pid, ended } = await daemon.start({ args: ['/bin/sleep', '1000'] })
    process.kill(Number(readFileSync(`${directory}/conmon.pid`, 'utf8')), 9)
    assert.deepEqual(await soon('it is noticed', ended), { kind: 'lost', because: 'monitor-died' })
    assert.equal(isRunning(pid), false)
  })

  it('is lost when the host was restarted meanwhile', async () => {
    assert.deepEqual(await daemon.monitor.ended({ container: newContainer(), run: 1 }), {
      kind: 'lost',
      because: 'host-restarted',
    })
  })
})

describe('launching', () => {
  const failing = async (args: ReadonlyArray<string>) => {
    const launched = await daemon.launch(newContainer(), { args })
    assert.ok(E.isLeft(launched))
    return launched.left
  }

  it('says when a command is not there', async () => {
    for (const command of ['/nope', 'nope', '/etc/not-a-program/x']) {
      const { problem, exitCode, cause } = await failing([command])
      assert.deepEqual([problem, exitCode], ['command-not-found', 127], cause)
      assert.ok(cause.includes(command), cause)
    }
  })

  it('says when a command cannot be executed', async () => {
    for (const command of ['/etc/not-a-program', '/etc']) {
      const { problem, exitCode, cause } = await failing([command])
      assert.deepEqual([problem, exitCode], ['command-not-executable', 126], cause)
    }
  })

  it('says what else the runtime has to say', async () => {
    const container = newContainer()
    const { problem, exitCode, cause } = await (async () => {
      const launched = await daemon.launch(container, { args: ['/bin/true'], memory: 1 })
      assert.ok(E.isLeft(launched))
      return launched.left
    })()
    assert.deepEqual([problem, exitCode], ['runtime-failed', 128], cause)
    const again = await daemon.launch(container, { args: sh('exit 4') })
    assert.ok(E.isRight(again), 'it may be launched again')
    assert.equal(codeOf(await soon('it ends', daemon.monitor.ended({ container, run: 1 }))), 4)
  })

  it('fails when the runtime does not answer, and leaves nothing of it', async () => {
    const program = join(world.path, 'hanging-runtime')
    writeFileSync(program, `#!/bin/sh\nsleep 1000 & echo $! >'${world.path}/hangs'; wait\n`, { mode: 0o755 })
    const { launch, directoryOf } = daemonOn(world, false, { runtime: program, patienceMs: 500 })
    const container = newContainer()
    const launched = await launch(container, { args: ['/bin/true'] })
    assert.ok(E.isLeft(launched))
    assert.match(launched.left.cause, /the runtime has not answered within 0\.5 s/)
    assert.equal(isRunning(Number(readFileSync(join(world.path, 'hangs'), 'utf8'))), false)
    assert.deepEqual(
      ['sync', 'pid', 'conmon.pid'].filter(name => existsSync(join(directoryOf(container), name))),
      [],
    )
  })

  it('is done once, however often it is asked for', async () => {
    const container = newContainer()
    const asked = { args: ['/bin/sleep', '1000'] }
    const all = await Promise.all([1, 2, 3].map(() => daemon.launch(container, asked)))
    const later = await daemon.launch(container, asked)
    const fromAnother = await daemonOn(world).launch(container, asked)
    for (const launched of [...all, fromAnother]) assert.deepEqual(launched, later)
    await daemon.runtime.kill(container)()
    await soon('it ends', daemon.monitor.ended({ container, run: 1 }))
    assert.deepEqual(await daemon.launch(container, asked), later)
  })

  it('is possible again and again', async () => {
    const container = newContainer()
    for (let run = 1; run <= 5; run++) {
      assert.ok(E.isRight(await daemon.launch(container, { args: sh(`echo ${run}; exit ${run}`) }, run)))
      assert.equal(codeOf(await soon('it ends', daemon.monitor.ended({ container, run }))), run)
    }
    assert.equal(String(await daemon.output(container, Promise.resolve())), '1\n2\n3\n4\n5\n')
  })
})

describe('input and output', () => {
  it('gives 5 MB of input and its end to the process, and all of its output back', async () => {
    const { container, ended } = await daemon.start({ args: ['/bin/cat'], stdin: true })
    const sent = randomBytes(5_000_000)
    const input = daemon.inputs.of(container)?.stream()
    assert.ok(input)
    input.end(sent)
    const got = await daemon.output(container, ended)
    assert.equal(codeOf(await soon('it ends', ended)), 0)
    assert.equal(hash(got), hash(sent))
  })

  it('tells a writer when the process has closed its input', async () => {
    const { container, ended } = await daemon.start({ args: sh('exec 0<&-; sleep 0.3'), stdin: true })
    const input = daemon.inputs.of(container)?.stream()
    assert.ok(input)
    await sleep(150)
    const closed = new Promise(resolve => input.on('close', resolve))
    input.write('x')
    await soon('it is told', closed)
    assert.equal(codeOf(await soon('it ends', ended)), 0)
  })

  it('has no input where none was asked for', async () => {
    const { container, ended } = await daemon.start({ args: ['/bin/cat'] })
    assert.equal(codeOf(await soon('it ends', ended)), 0)
    assert.equal(daemon.inputs.of(container), null)
  })

  it('keeps every byte, and the streams apart', async () => {
    const { container, ended } = await daemon.start({
      args: sh('head -c 500000 /dev/urandom >/tmp/r; cat /tmp/r; echo err >&2; printf end'),
    })
    const out = await daemon.output(container, ended, 'stdout')
    const written = readFileSync(`${world.rootfs}/tmp/r`)
    assert.equal(hash(out), hash(Buffer.concat([written, Buffer.from('end')])))
    assert.equal(String(await daemon.output(container, ended, 'stderr')), 'err\n')
  })

  it('shows 10 MB without a newline as they are', async () => {
    const { container, ended } = await daemon.start({ args: sh('yes | tr -d "\\n" | head -c 10000000') })
    const out = await daemon.output(container, ended)
    assert.equal(out.length, 10_000_000)
    assert.ok(out.equals(Buffer.alloc(10_000_000, 'y')))
  })
})

const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

describe('what is left', () => {
  const descriptors = () => readdirSync('/proc/self/fd').length
  let usual = 0
  before(async () => {
    await ending(sh('exit 0'))
    await sleep(50)
    usual = descriptors()
  })

  it('of thirty containers is nothing once they are forgotten', async () => {
    for (let round = 0; round < 10; round++)
      await Promise.all(
        [0, 1, 2].map(async i => {
          const { container, directory, ended } = await daemon.start({
            args: sh(`echo hi; exit ${i}`),
            stdin: i === 1,
          })
          assert.equal(codeOf(await soon('it ends', ended)), i)
          assert.ok(E.isRight(await daemon.monitor.forget(container)()))
          assert.deepEqual(readdirSync(directory), ['config.json'])
          assert.equal(existsSync(`${world.path}/runc/${container}`), false)
          for (const hierarchy of readdirSync('/sys/fs/cgroup'))
            assert.equal(existsSync(`/sys/fs/cgroup/${hierarchy}${daemon.cgroupOf(container)}`), false)
        }),
      )
    await sleep(200)
    assert.equal(descriptors(), usual)
    const zombies = readdirSync('/proc').filter(pid => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        return state === 'Z' && Number(parent) === process.pid
      } catch {
        return false
      }
    })
    assert.deepEqual(zombies, [])
  })

  it('of a running one is nothing, either', async () => {
    const { container, pid, ended } = await daemon.start({ args: ['/bin/sleep', '1000'] })
    assert.ok(E.isRight(await daemon.monitor.forget(container)()))
    assert.equal(isRunning(pid), false)
    await soon('it is told', ended)
  })
})
