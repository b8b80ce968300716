import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { busyboxAt } from '../support/busybox.ts'
import { startDaemon } from '../support/daemon.ts'
import type { Daemon } from '../support/daemon.ts'
import { eventsAfter, flawsOf } from '../support/history.ts'
import { assertSame, census } from '../support/leaks.ts'
import { load } from '../support/load.ts'
import { runs } from '../support/long.ts'

type Container = Readonly<{
  id: string
  pid: number
  status: string
  exit: { exitCode: number; exitedAt: string; observed: string } | null
  lost: string | null
}>

describe('a daemon that comes and goes', { concurrency: 2 }, () => {
  let busybox: Awaited<ReturnType<typeof busyboxAt>>
  before(async () => {
    busybox = await busyboxAt()
  })
  after(() => busybox[Symbol.asyncDispose]())

  const withImage = async () => {
    const daemon = await startDaemon()
    assert.equal((await daemon.command('pull-image', { reference: busybox.name })).status, 200)
    return daemon
  }

  const run = async (daemon: Daemon, name: string, script: string) => {
    const body = { image: busybox.name, name, args: ['sh', '-c', script] }
    const { status, text } = await daemon.command('run-container', body)
    assert.equal(status, 200, text)
  }

  const containerNamed = async (daemon: Daemon, name: string) =>
    (await daemon.ask('GET', `/v1/containers/${name}`)).body as Container

  it('stopped 20 times while containers begin, write and end, has no gap, no repetition and every byte', async () => {
    await using daemon = await withImage()
    const people = load(daemon, busybox.name)
    for (let i = 0; i < 20; i++) {
      await sleep(300 + Math.random() * 300)
      await daemon.stop()
      await sleep(Math.random() * 200)
      await daemon.start()
    }
    assert.deepEqual(await people.flaws(), [])
    assert.ok(people.count() > 20)
  })

  it('killed at random while containers begin, write and end, loses and repeats nothing', async () => {
    await using daemon = await withImage()
    const people = load(daemon, busybox.name)
    for (let i = 0; i < runs(20, 1_000); i++) {
      await sleep(Math.random() * 600)
      await daemon.kill()
      await daemon.start()
    }
    assert.deepEqual(await people.flaws(), [])
    assert.ok(people.count() > 10)
    const replayed = await daemon.ask('GET', '/v1/replay')
    assert.equal((replayed.body as { isEqual: boolean }).isEqual, true, replayed.text)
  })

  it('K5 tells an end that came while it was away once, with its code and its time', async () => {
    await using daemon = await withImage()
    const away = [1, 30]
    for (const seconds of away)
      await run(daemon, `ends-${seconds}`, `sleep ${seconds - 0.5}; date +%s; exit ${seconds + 10}`)
    await daemon.kill()
    await sleep(1_000)
    await daemon.start()
    await daemon.ask('GET', '/v1/containers/ends-1/wait')
    await daemon.kill()
    await sleep(30_000)
    await daemon.start()
    for (const seconds of away) {
      await daemon.ask('GET', `/v1/containers/ends-${seconds}/wait`)
      const { exit } = await containerNamed(daemon, `ends-${seconds}`)
      assert.deepEqual([exit?.exitCode, exit?.observed], [seconds + 10, 'after-restart'])
      const said = Number((await daemon.shiplog(['logs', `ends-${seconds}`])).stdout) * 1000
      const told = Date.parse(exit?.exitedAt ?? '')
      assert.ok(told >= said && told - said < 3_000, `it ended at ${said}, and that is told as ${told}`)
    }
    assert.deepEqual(flawsOf(await eventsAfter(daemon, 0)), [])
  })

  it('K6 tells what ran when the host went down as lost, never as a code', async () => {
    await using daemon = await withImage()
    await run(daemon, 'runs', 'sleep 1000')
    const { id, pid } = await containerNamed(daemon, 'runs')
    await daemon.kill()
    // What a reboot does: no process, no mount, an empty /run, another boot id.
    const directory = join(daemon.state, 'containers', id)
    process.kill(Number(readFileSync(join(directory, 'conmon.pid'), 'utf8')), 'SIGKILL')
    process.kill(pid, 'SIGKILL')
    await sleep(200)
    unmountUnder(daemon.state)
    rmSync(daemon.state, { recursive: true })
    const bootId = join(daemon.root, '..', 'boot-id')
    writeFileSync(bootId, '11111111-2222-3333-4444-555555555555\n')
    const mounted = 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"'
    await daemon.start({}, ['unshare', '--mount', 'sh', '-c', mounted, bootId])

    const waited = await daemon.ask('GET', '/v1/containers/runs/wait')
    assert.deepEqual(waited.body, { ...(waited.body as object), exitCode: null, lost: 'host-restarted' })
    const events = await eventsAfter(daemon, 0)
    assert.deepEqual(flawsOf(events), [])
    const lost = events.filter(({ type }) => type === 'ContainerLost')
    assert.deepEqual(
      lost.map(({ data }) => [data['container'], data['because']]),
      [[id, 'host-restarted']],
    )
    assert.equal((await daemon.command('start-container', { container: 'runs' })).status, 200)
  })

  it('K7 restarted 50 times in a row leaves nothing behind and says nothing twice', async () => {
    await using daemon = await withImage()
    for (const name of ['one', 'two']) await run(daemon, name, 'sleep 1000')
    const look = () => {
      const { mounts, files, processes } = census({ root: daemon.state })
      return {
        mounts,
        files,
        cgroups: [],
        descriptors: [],
        processes: processes.filter(line => !line.includes('daemon.cjs')),
      }
    }
    await daemon.kill()
    await daemon.start()
    const before = look()
    const history = await eventsAfter(daemon, 0)
    for (let i = 0; i < 50; i++) {
      await daemon.kill()
      await daemon.start()
    }
    assertSame(before, look())
    const after = await eventsAfter(daemon, 0)
    assert.deepEqual(flawsOf(after), [])
    assert.deepEqual([...new Set(after.slice(history.length).map(({ type }) => type))], ['EngineStarted'])
    for (const name of ['one', 'two']) assert.equal((await containerNamed(daemon, name)).status, 'running')
  })
})

/** Everything that is mounted below a directory, the newest first. */
const unmountUnder = (directory: string) => {
  const mounted = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map(line => line.split(' ')[4] ?? '')
    .filter(path => path.startsWith(`${directory}/`))
  for (const path of mounted.toReversed()) spawnSync('umount', ['-l', path])
}
