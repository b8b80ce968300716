import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { busyboxAt } from '../support/busybox.ts'
import { startDaemon } from '../support/daemon.ts'
import type { Daemon } from '../support/daemon.ts'
import { eventsAfter, flawsOf } from '../support/history.ts'
import type { EventJson } from '../support/history.ts'
import { scratch } from '../support/scratch.ts'

// A file system on a loop device whose file is copied at a moment: what has not been synced by then is in the memory of
// the file system only, and not in the copy, as it would not be on a disk whose power was cut. The kernel is told not to
// write anything by itself for so long that nothing gets there by chance.

const mkfs = (file: string) => {
  execFileSync('truncate', ['-s', '256M', file])
  execFileSync('mkfs.ext4', ['-q', file])
}

const mounted = (file: string, directory: string) => {
  mkdirSync(directory, { recursive: true })
  execFileSync('mount', ['-o', 'loop,commit=600', file, directory])
  return {
    path: directory,
    [Symbol.dispose]: () => void execFileSync('umount', ['-l', directory]),
  }
}

type Cut = Readonly<{ file: string; head: ReadonlyArray<EventJson> }>

describe('power that is cut when something was reported as done', () => {
  let busybox: Awaited<ReturnType<typeof busyboxAt>>
  let place: ReturnType<typeof scratch>
  const cuts = new Map<string, Cut>()

  const cutAfter = async (what: string, daemon: Daemon, disk: string) => {
    const file = join(place.path, `${what}.img`)
    copyFileSync(disk, file)
    cuts.set(what, { file, head: await eventsAfter(daemon, 0) })
  }

  before(async () => {
    busybox = await busyboxAt()
    place = scratch('power')
    const disk = join(place.path, 'disk.img')
    mkfs(disk)
    using root = mounted(disk, join(place.path, 'root'))
    await using daemon = await startDaemon({ root: join(root.path, 'shiplog') })
    const command = async (name: string, body: object, query = '') => {
      const reply = await daemon.ask('POST', `/v1/commands/${name}${query}`, body, { prefer: 'wait=30' })
      assert.equal(reply.status, 200, reply.text)
    }
    const image = busybox.name
    await command('pull-image', { reference: image })
    await cutAfter('pull', daemon, disk)
    const args = ['sh', '-c', 'echo "$WORD"; exit 3']
    await command('create-container', { image, name: 'made', args, env: ['WORD=kept'] })
    await cutAfter('create', daemon, disk)
    await command('rename-container', { container: 'made', name: 'renamed' })
    await cutAfter('rename', daemon, disk)
    await command(
      'run-container',
      { image, name: 'ended', args: ['sh', '-c', 'echo out; exit 5'] },
      '?until=exited',
    )
    await cutAfter('exit', daemon, disk)
    await command('remove-container', { container: 'renamed' })
    await cutAfter('remove', daemon, disk)
  })
  after(async () => {
    await busybox[Symbol.asyncDispose]()
    await place[Symbol.asyncDispose]()
  })

  /** Switches the machine on again, on the disk as it was at the cut. */
  const comeBack = async (what: string, see: (daemon: Daemon) => Promise<void>) => {
    const { file, head } = cuts.get(what) as Cut
    // At its old place: what is mounted is named by its path.
    using root = mounted(file, join(place.path, 'root'))
    await using daemon = await startDaemon({ root: join(root.path, 'shiplog') })
    const events = await eventsAfter(daemon, 0)
    assert.deepEqual(flawsOf(events), [])
    // Every event that anybody was told of is there, and is the same.
    assert.deepEqual(events.slice(0, head.length), head)
    const replayed = await daemon.ask('GET', '/v1/replay')
    assert.equal((replayed.body as { isEqual: boolean }).isEqual, true, replayed.text)
    await see(daemon)
  }

  it('takes no image away', () =>
    comeBack('pull', async daemon => {
      const { name: image } = busybox
      // Nothing is fetched a second time: the registry is not asked.
      const reply = await daemon.command('run-container', { image, name: 'it', args: ['true'] })
      assert.equal(reply.status, 200, reply.text)
      const { body } = await daemon.ask('GET', '/v1/containers/it/wait')
      assert.equal((body as { exitCode: number }).exitCode, 0)
    }))

  for (const [what, name] of [
    ['create', 'made'],
    ['rename', 'renamed'],
  ] as const)
    it(`takes no container away, nor what it is to be started with (${what})`, () =>
      comeBack(what, async daemon => {
        const started = await daemon.command('start-container', { container: name })
        assert.equal(started.status, 200, started.text)
        const { body } = await daemon.ask('GET', `/v1/containers/${name}/wait`)
        assert.equal((body as { exitCode: number }).exitCode, 3)
        assert.equal((await daemon.shiplog(['logs', name])).stdout, 'kept\n')
      }))

  it('takes no exit away', () =>
    comeBack('exit', async daemon => {
      const { body } = await daemon.ask('GET', '/v1/containers/ended')
      assert.equal((body as { exit: { exitCode: number } }).exit.exitCode, 5)
    }))

  it('brings nothing back that was removed', () =>
    comeBack('remove', async daemon => {
      assert.equal((await daemon.ask('GET', '/v1/containers/renamed')).status, 200)
      const { body } = await daemon.ask('GET', '/v1/containers?all=true')
      const names = (body as { items: ReadonlyArray<{ name: string }> }).items.map(({ name }) => name)
      assert.deepEqual(names, ['ended'])
    }))
})
