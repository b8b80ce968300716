import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { busyboxAt } from '../support/busybox.ts'
import { startDaemon } from '../support/daemon.ts'
import type { Daemon } from '../support/daemon.ts'
import { eventsAfter, flawsOf } from '../support/history.ts'
import { busyboxImage, file, pushImage } from '../support/image.ts'
import { scratch } from '../support/scratch.ts'

/** A file system of a size, which can be filled to the last block and emptied again. */
const disk = (path: string, megabytes: number) => {
  mkdirSync(path, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path])
  const filler = join(path, 'filler')
  return {
    path,
    fill: () => {
      const fd = openSync(filler, 'a')
      const { bsize } = statfsSync(path)
      try {
        for (;;) writeSync(fd, Buffer.alloc(statfsSync(path).bavail > 256 ? 256 * bsize : bsize))
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
      } finally {
        closeSync(fd)
      }
    },
    makeRoom: () => rmSync(filler, { force: true }),
    [Symbol.dispose]: () => void execFileSync('umount', ['-l', path]),
  }
}

type Problem = Readonly<{ reason: string; detail: string; try?: string; status: number }>

describe('a full disk', () => {
  let busybox: Awaited<ReturnType<typeof busyboxAt>>
  let big: string
  before(async () => {
    busybox = await busyboxAt()
    const { url, host } = busybox.registry
    const noise = Buffer.alloc(8 * 2 ** 20, 'not zeros')
    await pushImage(url, 'library/big', '1', await busyboxImage({ layers: [[file('big', noise)]] }), {
      compression: 'none',
    })
    big = `${host}/library/big:1`
  })
  after(() => busybox[Symbol.asyncDispose]())

  const statusOf = async (daemon: Daemon, name: string) =>
    ((await daemon.ask('GET', `/v1/containers/${name}`)).body as { status: string }).status

  const run = (daemon: Daemon, name: string, script: string) =>
    daemon.command('run-container', { image: busybox.name, name, args: ['sh', '-c', script] })

  it('D1, D4 of the history refuses what is new, records what ends, and lets stop, rm and rmi make room', async () => {
    await using place = scratch('disk')
    using root = disk(join(place.path, 'root'), 96)
    await using daemon = await startDaemon({ root: join(root.path, 'shiplog') })
    for (const reference of [busybox.name, big])
      assert.equal((await daemon.command('pull-image', { reference })).status, 200)
    const fifo = join(place.path, 'go')
    await run(daemon, 'ends', 'sleep 4; exit 7')
    await run(daemon, 'stays', 'sleep 1000')
    await run(daemon, 'stops', 'sleep 1000')
    await sleep(1_200)
    root.fill()

    const refused = await run(daemon, 'late', 'true')
    const { reason, detail, try: advice } = refused.body as Problem
    assert.deepEqual([refused.status, reason], [507, 'no-room'], refused.text)
    assert.match(detail, /the disk is full/)
    assert.match(advice ?? '', /shiplog rm/)
    const pulled = await daemon.command('pull-image', { reference: big })
    assert.equal(pulled.status, 507)

    const { body } = await daemon.ask('GET', '/v1/containers/ends/wait')
    assert.equal((body as { exitCode: number }).exitCode, 7)
    for (let i = 0; (await statusOf(daemon, 'ends')) !== 'exited'; i++) {
      assert.ok(i < 100, 'the end is not in the read models')
      await sleep(50)
    }
    assert.equal(statfsSync(root.path).bavail, 0)
    assert.equal(await statusOf(daemon, 'stays'), 'running')

    const stopped = await daemon.command('stop-container', { container: 'stops', timeout: 0 })
    assert.equal(stopped.status, 200, stopped.text)
    for (const container of ['stops', 'ends']) {
      const removed = await daemon.command('remove-container', { container })
      assert.equal(removed.status, 200, removed.text)
    }
    const gone = await daemon.command('remove-image', { image: big })
    assert.equal(gone.status, 200, gone.text)

    root.makeRoom()
    assert.equal((await run(daemon, 'late', 'true')).status, 200)
    assert.deepEqual(flawsOf(await eventsAfter(daemon, 0)), [])
    const replayed = await daemon.ask('GET', '/v1/replay')
    assert.equal((replayed.body as { isEqual: boolean }).isEqual, true, replayed.text)
    assert.ok(fifo)
  })

  for (const [part, directory] of [
    ['content', 'content'],
    ['snapshots', 'snapshots'],
  ] as const)
    it(`D1, D4 of ${part} fails the pull whole, says so, and is no hindrance when there is room`, async () => {
      await using place = scratch('disk')
      using full = disk(join(place.path, 'root', directory), 16)
      await using daemon = await startDaemon({ root: join(place.path, 'root') })
      assert.equal((await daemon.command('pull-image', { reference: busybox.name })).status, 200)
      assert.equal((await run(daemon, 'runs', 'sleep 1000')).status, 200)
      full.fill()
      const failed = await daemon.command('pull-image', { reference: big })
      const { detail, try: advice } = failed.body as Problem
      assert.ok(failed.status >= 500, failed.text)
      assert.match(detail, /no space|ENOSPC/i)
      assert.ok(advice !== undefined, failed.text)
      assert.equal(await statusOf(daemon, 'runs'), 'running')
      const { body } = await daemon.ask('GET', '/v1/images')
      assert.equal((body as { items: ReadonlyArray<unknown> }).items.length, 1)
      const stopped = await daemon.command('stop-container', { container: 'runs', timeout: 0 })
      assert.equal(stopped.status, 200)

      full.makeRoom()
      const again = await daemon.command('pull-image', { reference: big })
      assert.equal(again.status, 200, again.text)
    })
})
