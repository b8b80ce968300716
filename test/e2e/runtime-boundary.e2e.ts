import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { findProgram } from '../../src/adapters/supervisor/programs.ts'
import { busyboxAt } from '../support/busybox.ts'
import { soon } from '../support/containers.ts'
import { startDaemon } from '../support/daemon.ts'
import type { Daemon, Reply } from '../support/daemon.ts'
import { assertSame, census } from '../support/leaks.ts'
import { runs } from '../support/long.ts'

type Json = Readonly<Record<string, unknown>>
type Operation = Readonly<{ subject: Readonly<{ id: string }>; outcome: Json | null }>
type Recorded = Readonly<{ type: string; data: Json }>

let busybox: Awaited<ReturnType<typeof busyboxAt>>
let daemon: Daemon

before(async () => {
  busybox = await busyboxAt()
  daemon = await startDaemon()
  assert.equal((await daemon.shiplog(['pull', busybox.name])).code, 0)
})
after(async () => {
  await daemon[Symbol.asyncDispose]()
  await busybox[Symbol.asyncDispose]()
})

const run = async (name: string, script: string, more: Json = {}): Promise<string> => {
  const reply = await daemon.command('run-container', {
    image: busybox.name,
    name,
    args: ['sh', '-c', script],
    ...more,
  })
  assert.equal(reply.status, 200, reply.text)
  return (reply.body as Operation).subject.id
}
const end = async (name: string) =>
  (await soon(`${name} ends`, daemon.ask('GET', `/v1/containers/${name}/wait`), 60_000)).body as Readonly<{
    exitCode: number
    signal: number | null
    oomKilled: boolean
  }>
const history = async (name: string) =>
  (
    (await daemon.ask('GET', `/v1/containers/${name}/history`)).body as Readonly<{
      items: ReadonlyArray<Recorded>
    }>
  ).items
const exitsOf = async (name: string) => (await history(name)).filter(({ type }) => type === 'ContainerExited')
const remove = async (name: string) => {
  const { status, text } = await daemon.command('remove-container', { container: name, force: true })
  assert.equal(status, 200, text)
}
const output = async (path: string) => {
  const { text } = await daemon.ask('GET', `/v1/${path}/output?follow=true`)
  return text.replaceAll(/[\x01\x02]\0\0\0[^]{4}/g, '')
}
const exec = (container: string, args: ReadonlyArray<string>, more: Json = {}) =>
  daemon.command('exec-container', { container, args, ...more })
const settled = ({ status }: Reply) => [200, 404, 409, 422].includes(status)

describe('X2 descriptors', () => {
  it('X2 of a container and of what is executed in it are 0, 1, 2 and that of the directory itself', async () => {
    const list = 'for fd in $(ls /proc/self/fd); do echo $fd; done'
    for (const more of [{}, { stdin: true }, { terminal: true }, { terminal: true, stdin: true }]) {
      await run('fds', `${list}; exec sleep 1000`, more)
      const started = await exec('fds', ['sh', '-c', list], more)
      const { id } = (started.body as Operation).subject
      const seen = (await output(`execs/${id}`)).replaceAll('\r', '')
      // ash reads a script from its arguments; `ls` itself opens one.
      assert.equal(seen, '0\n1\n2\n3\n', JSON.stringify(more))
      const { text } = await daemon.ask('GET', '/v1/containers/fds/output')
      assert.equal(text.replaceAll(/[\x01\x02]\0\0\0[^]{4}/g, '').replaceAll('\r', ''), '0\n1\n2\n3\n')
      await remove('fds')
    }
  })
})

describe('X3 the runtime', () => {
  const programs = ['runc', 'conmon'].map(name => findProgram(name))
  const sum = () =>
    programs.map(path => [
      path,
      createHash('sha256').update(readFileSync(path)).digest('hex'),
      statSync(path).mtimeMs,
    ])

  it('X3 is not written to by a container that tries whenever somebody comes in', {
    timeout: 60_000,
  }, async () => {
    const before = sum()
    // Root, with every capability and no profile: what stops it is not what it may not do.
    const script = `
      while true; do
        for p in /proc/[0-9]*; do
          case $(readlink $p/exe) in
            */busybox) ;;
            *) echo seen; (echo x >> $p/exe) 2>/dev/null && echo written ;;
          esac
        done
      done`
    await run('overwriter', script, { capAdd: ['ALL'], seccomp: 'unconfined' })
    for (let i = 0; i < runs(15, 200); i++)
      assert.equal((await exec('overwriter', ['/proc/self/exe', 'true'])).status, 200)
    await daemon.command('kill-container', { container: 'overwriter' })
    await end('overwriter')
    const said = await output('containers/overwriter')
    assert.match(said, /seen/)
    assert.doesNotMatch(said, /written/)
    assert.deepEqual(sum(), before)
    await remove('overwriter')
    // As the container's own process, it is what is in the container.
    const itself = await daemon.shiplog(['run', '--rm', busybox.name, '/proc/self/exe'])
    assert.notEqual(itself.code, 0)
    assert.deepEqual(sum(), before)
  })
})

describe('X6 without end', () => {
  it('X6 a fork bomb is stopped by its limit, can be looked at, and is gone at once', {
    timeout: 60_000,
  }, async () => {
    await run('bomb', 'f() { f & f & wait; }; f 2>/dev/null & exec sleep 1000', {
      pidsLimit: 40,
    })
    await sleep(1_000)
    const { pid } = (await daemon.ask('GET', '/v1/containers/bomb')).body as Readonly<{ pid: number }>
    const [, cgroup = ''] =
      /^\d+:(?:.*,)?pids(?:,.*)?:(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8')) ??
      /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8')) ??
      []
    const read = (name: string) => {
      for (const root of ['/sys/fs/cgroup/pids', '/sys/fs/cgroup'])
        try {
          return Number(readFileSync(`${root}${cgroup}/${name}`, 'utf8'))
        } catch {}
      return assert.fail(`no ${name} of ${cgroup}`)
    }
    assert.equal(read('pids.max'), 40)
    assert.ok(read('pids.current') <= 40)
    assert.equal((await daemon.command('pause-container', { container: 'bomb' })).status, 200)
    assert.equal((await daemon.command('unpause-container', { container: 'bomb' })).status, 200)
    const killed = await daemon.command('kill-container', { container: 'bomb' })
    assert.equal(killed.status, 200, killed.text)
    assert.equal((await end('bomb')).exitCode, 137)
    assert.equal((await exitsOf('bomb')).length, 1)
    await remove('bomb')
  })

  it('X6 a memory hog is told apart from one that was killed, and its end is recorded once', {
    timeout: 60_000,
  }, async () => {
    for (let i = 0; i < runs(3, 50); i++) {
      await run('hog', 'exec tail /dev/zero', { memory: 16 * 2 ** 20 })
      assert.deepEqual(
        await end('hog').then(({ exitCode, signal, oomKilled }) => [exitCode, signal, oomKilled]),
        [137, 9, true],
      )
      await sleep(50)
      const exits = await exitsOf('hog')
      assert.deepEqual(
        exits.map(({ data }) => data['oomKilled']),
        [true],
      )
      const why = await daemon.ask('GET', '/v1/containers/hog/why')
      assert.match(String((why.body as Json)['sentence']), /want of memory/)
      await remove('hog')

      await run('killed', 'exec sleep 1000', { memory: 16 * 2 ** 20 })
      await daemon.command('kill-container', { container: 'killed' })
      assert.deepEqual(
        await end('killed').then(({ exitCode, signal, oomKilled }) => [exitCode, signal, oomKilled]),
        [137, 9, false],
      )
      await remove('killed')
    }
  })

  it('X6 where a child was out of memory, and not the container, that ends as it ends', {
    timeout: 60_000,
  }, async () => {
    await run('parent', 'tail /dev/zero; echo child $?; exit 3', { memory: 16 * 2 ** 20 })
    const { exitCode, signal, oomKilled } = await end('parent')
    // docker's rule: out of memory is said of a container when any of its processes was.
    assert.deepEqual([exitCode, signal, oomKilled], [3, null, true])
    assert.match(await output('containers/parent'), /^child 137$/m)
    assert.equal((await exitsOf('parent')).length, 1)
    const why = await daemon.ask('GET', '/v1/containers/parent/why')
    assert.match(String((why.body as Json)['sentence']), /^exited 3: it ended by itself/)
    await remove('parent')

    await run('survivor', 'tail /dev/zero; echo child $?; exec sleep 1000', { memory: 16 * 2 ** 20 })
    await sleep(1_000)
    assert.equal(((await daemon.ask('GET', '/v1/containers/survivor')).body as Json)['status'], 'running')
    assert.deepEqual(await exitsOf('survivor'), [])
    await remove('survivor')
  })

  it('X6 what is executed beside it may be out of memory by itself', { timeout: 60_000 }, async () => {
    await run('host', 'exec sleep 1000', { memory: 16 * 2 ** 20 })
    const started = await exec('host', ['tail', '/dev/zero'])
    const { id } = (started.body as Operation).subject
    const ended = (await soon('it ends', daemon.ask('GET', `/v1/execs/${id}/wait`))).body as Json
    assert.equal(ended['exitCode'], 137)
    assert.equal(((await daemon.ask('GET', '/v1/containers/host')).body as Json)['status'], 'running')
    await remove('host')
  })
})

describe('X7 what does not want to end', () => {
  const deaf = 'trap "" TERM INT HUP; while true; do sleep 0.1; done'

  it('X7 has its time, then SIGKILL, and each is recorded once', async () => {
    await run('deaf', deaf)
    const began = performance.now()
    const stopped = await daemon.command('stop-container', { container: 'deaf', timeout: 1 })
    const took = performance.now() - began
    assert.equal(stopped.status, 200, stopped.text)
    assert.ok(took >= 950 && took < 5_000, `${took} ms`)
    const types = (await history('deaf')).map(({ type }) => type)
    const from = types.indexOf('ContainerStopRequested')
    assert.deepEqual(types.slice(from), [
      'ContainerStopRequested',
      'ContainerStopTimedOut',
      'ContainerExited',
    ])
    assert.equal((await end('deaf')).exitCode, 137)
    await remove('deaf')
  })

  it('X7 is killed at once with no time, and never with all the time', async () => {
    await run('deaf', deaf)
    const began = performance.now()
    const reply = await daemon.command(
      'stop-container',
      { container: 'deaf', timeout: -1 },
      { prefer: 'wait=1' },
    )
    const { text } = await daemon.ask('GET', '/v1/containers/deaf/output')
    assert.equal(reply.status, 202, `${reply.text} ${text}`)
    assert.equal(((await daemon.ask('GET', '/v1/containers/deaf')).body as Json)['status'], 'running')
    assert.ok(performance.now() - began >= 950)
    assert.equal((await daemon.command('kill-container', { container: 'deaf' })).status, 200)
    assert.equal((await end('deaf')).exitCode, 137)
    await remove('deaf')

    await run('deaf', deaf)
    const again = performance.now()
    assert.equal((await daemon.command('stop-container', { container: 'deaf', timeout: 0 })).status, 200)
    assert.ok(performance.now() - again < 900)
    await remove('deaf')
  })

  it('X7 is killed though it is paused, and stopped, and removed', async () => {
    for (const [command, body] of [
      ['kill-container', {}],
      ['stop-container', { timeout: 1 }],
      ['remove-container', { force: true }],
    ] as const) {
      await run('frozen', 'exec sleep 1000')
      assert.equal((await daemon.command('pause-container', { container: 'frozen' })).status, 200)
      const reply = await soon(command, daemon.command(command, { container: 'frozen', ...body }))
      assert.equal(reply.status, 200, reply.text)
      if (command === 'remove-container') continue
      const { signal } = await end('frozen')
      assert.equal(signal, 9)
      assert.equal((await exitsOf('frozen')).length, 1)
      await remove('frozen')
    }
  })

  it('X7 a kill, a stop or a removal that comes while it is made is answered, and leaves nothing', {
    timeout: 120_000,
  }, async () => {
    const look = () => {
      const { files, ...rest } = census({ root: daemon.state, pid: daemon.pid() })
      return { ...rest, files: files.filter(path => !path.endsWith('.log')), descriptors: [] }
    }
    await run('early', 'exec sleep 1000')
    await remove('early')
    const before = look()
    const commands = [
      ['kill-container', {}],
      ['stop-container', { timeout: 0 }],
      ['remove-container', { force: true }],
    ] as const
    for (let i = 0; i < runs(30, 500); i++) {
      const [command, body] = commands[i % 3] as (typeof commands)[number]
      const making = daemon.command('run-container', {
        image: busybox.name,
        name: 'early',
        args: ['sleep', '1000'],
      })
      await sleep((i * 7) % 60)
      const reply = await soon(command, daemon.command(command, { container: 'early', ...body }))
      assert.ok(settled(reply), `${command}: ${reply.text}`)
      const made = await soon('it is made', making)
      assert.ok(settled(made), made.text)
      const there = await daemon.ask('GET', '/v1/containers?all=true')
      const left = (there.body as Readonly<{ items: ReadonlyArray<Json> }>).items
      console.log(
        command,
        reply.status,
        (reply.body as Json)['reason'],
        made.status,
        (made.body as Json)['reason'],
        JSON.stringify(left.map(({ status, position }) => [status, position])),
        JSON.stringify((reply.body as Json)['outcome']),
      )
      if (left.some(({ name }) => name === 'early')) await remove('early')
    }
    for (let i = 0; i < 40 && look().files.length > before.files.length; i++) await sleep(50)
    assertSame(before, look())
  })
})

describe('X8 execution', () => {
  it('X8 in a container that is ending is answered, and ends', { timeout: 120_000 }, async () => {
    for (let i = 0; i < runs(20, 500); i++) {
      const id = await run('dying', `sleep 0.${(i % 5) + 1}`)
      const execs: Array<Promise<Reply>> = []
      for (let n = 0; n < 8; n++) {
        execs.push(exec('dying', ['sh', '-c', 'echo x; sleep 1000']))
        await sleep(25 * ((n + i) % 4))
      }
      for (const reply of await soon('all are answered', Promise.all(execs), 30_000)) {
        assert.ok(settled(reply), reply.text)
        if (reply.status !== 200) continue
        const { subject } = reply.body as Operation
        const ended = await soon(
          'it ends with its container',
          daemon.ask('GET', `/v1/execs/${subject.id}/wait`),
        )
        assert.equal((ended.body as Json)['exitCode'], 137, ended.text)
      }
      assert.equal((await end(id)).exitCode, 0)
      assert.equal((await exitsOf(id)).length, 1)
      await remove(id)
    }
  })

  it('X8 many times beside each other gives each its own output and exit code', {
    timeout: 240_000,
  }, async () => {
    await run('busy', 'exec sleep 1000')
    const fds = () => census({ root: daemon.state, pid: daemon.pid() }).processes
    const before = fds()
    const many = runs(50, 500)
    const replies = await Promise.all(
      Array.from({ length: many }, (_, i) => exec('busy', ['sh', '-c', `echo ${i}; exit ${i % 100}`], {})),
    )
    const ids = new Set<string>()
    for (const [i, reply] of replies.entries()) {
      assert.equal(reply.status, 200, reply.text)
      const { id } = (reply.body as Operation).subject
      ids.add(id)
      assert.equal(await output(`execs/${id}`), `${i}\n`)
      const ended = await daemon.ask('GET', `/v1/execs/${id}/wait`)
      assert.equal((ended.body as Json)['exitCode'], i % 100)
    }
    assert.equal(ids.size, many)
    const exits = (await history('busy')).filter(({ type }) => type === 'ExecExited')
    assert.equal(exits.length, many)
    for (let i = 0; i < 40 && fds().length > before.length; i++) await sleep(50)
    assert.deepEqual(fds(), before)
    await remove('busy')
  })

  it('X8 asked for twice with one key is one, and no id is anybody’s but its own', async () => {
    await run('once', 'exec sleep 1000')
    const key = { 'idempotency-key': 'x8-once' }
    const body = { container: 'once', args: ['sh', '-c', 'echo once >> /ran'] }
    const replies = await Promise.all([1, 2, 3].map(() => daemon.command('exec-container', body, key)))
    const ids = new Set(replies.map(({ body }) => (body as Operation).subject.id))
    assert.equal(ids.size, 1)
    const [id = ''] = ids
    await daemon.ask('GET', `/v1/execs/${id}/wait`)
    assert.equal((await daemon.command('exec-container', body, key)).status, 200)
    const seen = await daemon.shiplog(['exec', 'once', 'cat', '/ran'])
    assert.equal(seen.stdout, 'once\n')
    await remove('once')
  })

  it('X8 that cannot be started has docker’s exit codes', async () => {
    await run('codes', 'exec sleep 1000')
    for (const [args, code] of [
      [['-w', '/nodir', 'codes', 'true'], 126],
      [['-w', '/etc/passwd', 'codes', 'true'], 126],
      [['codes', '/nothing'], 127],
      [['codes', 'nothing'], 127],
      [['codes', '/etc'], 126],
      [['codes', '/etc/passwd'], 126],
      [['-u', 'nosuch', 'codes', 'true'], 126],
      [['codes', 'false'], 1],
    ] as const) {
      const said = await daemon.shiplog(['exec', ...args])
      assert.equal(said.code, code, `${args.join(' ')}: ${said.stderr}`)
      assert.doesNotMatch(said.stderr, /[0-9a-f]{64}/)
    }
    await remove('codes')
  })
})
