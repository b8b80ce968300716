import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { busyboxAt } from '../support/busybox.ts'
import { startDaemon } from '../support/daemon.ts'
import type { Daemon } from '../support/daemon.ts'
import { eventsAfter, flawsOf } from '../support/history.ts'
import { scratch } from '../support/scratch.ts'

describe('a machine that is out of something', () => {
  let busybox: Awaited<ReturnType<typeof busyboxAt>>
  before(async () => {
    busybox = await busyboxAt()
  })
  after(() => busybox[Symbol.asyncDispose]())

  const run = (daemon: Daemon, name: string, script: string) =>
    daemon.command('run-container', { image: busybox.name, name, args: ['sh', '-c', script] })

  it('D2 without a descriptor left takes nobody on, and tells every end when it has some again', async () => {
    await using daemon = await startDaemon()
    await daemon.command('pull-image', { reference: busybox.name })
    for (const name of ['ends', 'stays'])
      assert.equal((await run(daemon, name, name === 'ends' ? 'sleep 2; exit 7' : 'sleep 1000')).status, 200)
    await sleep(300)
    const open = readdirSync(`/proc/${daemon.pid()}/fd`).length
    const limit = (most: number) => execFileSync('prlimit', ['--pid', `${daemon.pid()}`, `--nofile=${most}:`])
    limit(open)
    const asked = daemon.ask('GET', '/v1/version').catch((error: Error) => error)
    await sleep(3_000)
    limit(1_024)
    await asked

    const { body } = await daemon.ask('GET', '/v1/containers/ends/wait')
    assert.equal((body as { exitCode: number }).exitCode, 7)
    const { body: stays } = await daemon.ask('GET', '/v1/containers/stays')
    assert.equal((stays as { status: string }).status, 'running')
    assert.equal((await run(daemon, 'late', 'true')).status, 200)
    assert.deepEqual(flawsOf(await eventsAfter(daemon, 0)), [])
  })

  it('D3 without an inode left refuses what is new, and goes on when there are some', async () => {
    await using place = scratch('inodes')
    const image = join(place.path, 'disk')
    execFileSync('truncate', ['-s', '128M', image])
    execFileSync('mkfs.ext4', ['-q', '-N', '2048', image])
    const root = join(place.path, 'root')
    mkdirSync(root)
    execFileSync('mount', ['-o', 'loop', image, root])
    try {
      await using daemon = await startDaemon({ root: join(root, 'shiplog') })
      await daemon.command('pull-image', { reference: busybox.name })
      assert.equal((await run(daemon, 'ends', 'sleep 3; exit 7')).status, 200)
      const full = join(root, 'full')
      mkdirSync(full)
      try {
        for (let i = 0; ; i++) writeFileSync(join(full, `${i}`), '')
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
      }
      const refused = await run(daemon, 'late', 'true')
      const { reason, detail } = refused.body as { reason: string; detail: string }
      assert.deepEqual([refused.status, reason], [507, 'no-room'], refused.text)
      assert.match(detail, /there is no room left in .*\/shiplog for run-container/)
      const { body } = await daemon.ask('GET', '/v1/containers/ends/wait')
      assert.equal((body as { exitCode: number }).exitCode, 7)
      const removed = await daemon.command('remove-container', { container: 'ends' })
      assert.equal(removed.status, 200, removed.text)

      rmSync(full, { recursive: true })
      const again = await run(daemon, 'again', 'true')
      assert.equal(again.status, 200, again.text)
      assert.deepEqual(flawsOf(await eventsAfter(daemon, 0)), [])
    } finally {
      execFileSync('umount', ['-l', root])
    }
  })
})
