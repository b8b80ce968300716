import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  statfsSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { busyboxAt } from '../support/busybox.ts'
import { ContainerId } from '../../src/domain/kernel/identifiers.ts'
import { startDaemon } from '../support/daemon.ts'
import type { Daemon, Reply } from '../support/daemon.ts'
import { eventsAfter, flawsOf } from '../support/history.ts'
import { busyboxImage, file, pushImage } from '../support/image.ts'
import { scratch } from '../support/scratch.ts'
import { smallDisk } from '../support/small-disk.ts'
import { soon } from '../support/soon.ts'

type Problem = Readonly<{ reason: string; detail: string; try?: string }>
type Items = Readonly<{ items: ReadonlyArray<Readonly<{ name: string }>> }>

const LAYER = 8 * 2 ** 20

/** A container waits for a file of the host's to end: nothing hangs on how long anything takes. */
const endsWhenTold = (place: string) => {
  const directory = join(place, 'told')
  mkdirSync(directory)
  return {
    script: 'while ! [ -e /told/end ]; do sleep 0.05; done; exit 7',
    binds: [{ source: directory, target: '/told', readonly: true }],
    tell: () => writeFileSync(join(directory, 'end'), ''),
  }
}

const namesAt = async (daemon: Daemon, path: string) =>
  ((await daemon.ask('GET', path)).body as Items).items.map(({ name }) => name).toSorted()

/** Who asked for a container that could not be made has been told before all of it is away again. */
const comesToBeGone = async (daemon: Daemon, name: string) => {
  for (let i = 0; (await namesAt(daemon, '/v1/containers?all=true')).includes(name); i++) {
    assert.ok(i < 200, `what could not be made of ${name} is still there`)
    await sleep(50)
  }
}

describe('a full disk', () => {
  let busybox: Awaited<ReturnType<typeof busyboxAt>>
  let big: string
  before(async () => {
    busybox = await busyboxAt()
    const { url, host } = busybox.registry
    const noise = Buffer.alloc(LAYER, 'not zeros')
    await pushImage(url, 'library/big', '1', await busyboxImage({ layers: [[file('big', noise)]] }), {
      compression: 'none',
    })
    big = `${host}/library/big:1`
  })
  after(() => busybox[Symbol.asyncDispose]())

  const make = (
    daemon: Daemon,
    command: 'run-container' | 'create-container',
    name: string,
    more: object = {},
  ) => daemon.command(command, { image: busybox.name, name, args: ['sleep', '1000'], ...more })

  const taken = (reply: Reply) => assert.equal(reply.status, 200, reply.text)

  /** `stays` runs, `stops` runs, `made` does not; `ends` ends with 7 when it is told to. */
  const withContainers = async (daemon: Daemon, place: string) => {
    taken(await daemon.command('pull-image', { reference: busybox.name }))
    const { script, binds, tell } = endsWhenTold(place)
    taken(await make(daemon, 'run-container', 'ends', { args: ['sh', '-c', script], binds }))
    for (const name of ['stays', 'stops']) taken(await make(daemon, 'run-container', name))
    taken(await make(daemon, 'create-container', 'made'))
    const { pid } = (await containerOf(daemon, 'stays')) as { pid: number }
    return { tell, pid }
  }

  const containerOf = async (daemon: Daemon, name: string) =>
    (await daemon.ask('GET', `/v1/containers/${name}`)).body as Readonly<{
      status: string
      pid: number | null
    }>

  const statusOf = async (daemon: Daemon, name: string) => (await containerOf(daemon, name)).status

  const endOf = async (daemon: Daemon, name: string) =>
    (await soon(`the end of ${name}`, daemon.ask('GET', `/v1/containers/${name}/wait`))).body as Readonly<{
      exitCode: number | null
      lost: string | null
    }>

  const everythingNew = (daemon: Daemon): ReadonlyArray<() => Promise<Reply>> => [
    () => make(daemon, 'run-container', 'late'),
    () => make(daemon, 'create-container', 'later'),
    () => daemon.command('start-container', { container: 'made' }),
    () => daemon.command('exec-container', { container: 'stays', args: ['true'] }),
    () => daemon.command('pull-image', { reference: big }),
  ]

  const refusesWhatIsNew = async (daemon: Daemon, directory: string) => {
    for (const ask of everythingNew(daemon)) {
      const { status, body, text } = await ask()
      const { reason, detail, try: advice } = body as Problem
      assert.deepEqual([status, reason], [507, 'no-room'], text)
      assert.ok(detail.includes(directory), detail)
      assert.match(advice ?? '', /shiplog rm/)
    }
  }

  const stillRuns = async (daemon: Daemon, pid: number) => {
    assert.equal(await statusOf(daemon, 'stays'), 'running')
    assert.match(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), /sleep/)
  }

  const stopsAndRemoves = async (daemon: Daemon) => {
    taken(await daemon.command('stop-container', { container: 'stops', timeout: 0 }))
    for (const container of ['stops', 'ends']) taken(await daemon.command('remove-container', { container }))
  }

  /** What ends is recorded and can be removed, what runs is untouched, and when there is room everything goes on. */
  const comesThrough = async (
    daemon: Daemon,
    disk: ReturnType<typeof smallDisk>,
    { tell, pid }: Awaited<ReturnType<typeof withContainers>>,
  ) => {
    tell()
    assert.equal((await endOf(daemon, 'ends')).exitCode, 7)
    await stopsAndRemoves(daemon)
    await stillRuns(daemon, pid)

    disk.makeRoom()
    await goesOnByItself(daemon)
  }

  /** In the life of the daemon in which the disk was full. */
  const goesOnByItself = async (daemon: Daemon) => {
    for (const ask of everythingNew(daemon)) taken(await ask())
    assert.deepEqual(flawsOf(await eventsAfter(daemon, 0)), [])
    const replayed = await daemon.ask('GET', '/v1/replay')
    assert.equal((replayed.body as { isEqual: boolean }).isEqual, true, replayed.text)
  }

  for (const kind of ['tmpfs', 'ext4'] as const)
    it(`D1, D4 of the history (${kind}) refuses what is new, records what ends, lets stop, rm and rmi make room, also to a daemon that was killed`, async () => {
      await using place = scratch('disk')
      using disk = smallDisk(join(place.path, 'root'), { megabytes: 96, kind })
      await using daemon = await startDaemon({ root: join(disk.path, 'shiplog') })
      const { tell, pid } = await withContainers(daemon, place.path)
      taken(await daemon.command('pull-image', { reference: big }))
      disk.fill()

      await refusesWhatIsNew(daemon, disk.path)
      tell()
      assert.equal((await endOf(daemon, 'ends')).exitCode, 7)
      assert.equal(await statusOf(daemon, 'ends'), 'exited')
      assert.equal(statfsSync(disk.path).bavail, 0)
      await stillRuns(daemon, pid)

      await daemon.kill()
      disk.fill()
      await daemon.start()
      await refusesWhatIsNew(daemon, disk.path)
      await stopsAndRemoves(daemon)
      taken(await daemon.command('remove-image', { image: big }))
      await stillRuns(daemon, pid)

      disk.makeRoom()
      await goesOnByItself(daemon)
    })

  it('D1, D4 of the history is what a daemon that was stopped is not started on, and it says what to try', async () => {
    await using place = scratch('disk')
    using disk = smallDisk(join(place.path, 'root'), { megabytes: 48, kind: 'ext4' })
    await using daemon = await startDaemon({ root: join(disk.path, 'shiplog') })
    await daemon.stop()
    disk.fill()
    await assert.rejects(daemon.start(), /log\.db: .*full.*try: make room/)
    disk.makeRoom()
    await daemon.start()
  })

  for (const kind of ['tmpfs', 'ext4'] as const)
    it(`D3 without inodes for the root (${kind}) is the same as one without blocks`, async () => {
      await using place = scratch('disk')
      using disk = smallDisk(join(place.path, 'root'), { megabytes: 96, kind, inodes: 2_000 })
      await using daemon = await startDaemon({ root: join(disk.path, 'shiplog') })
      const trial = await withContainers(daemon, place.path)
      disk.takeInodes()

      await refusesWhatIsNew(daemon, disk.path)
      await comesThrough(daemon, disk, trial)
    })

  it('D4 of the state refuses what is new; an end that nobody could write down is recorded as lost', async () => {
    await using place = scratch('disk')
    using disk = smallDisk(join(place.path, 'state'), { megabytes: 16 })
    await using daemon = await startDaemon({ state: disk.path })
    const { tell, pid } = await withContainers(daemon, place.path)
    disk.fill()

    await refusesWhatIsNew(daemon, disk.path)
    tell()
    const { exitCode, lost } = await endOf(daemon, 'ends')
    assert.deepEqual([exitCode, lost], [null, 'monitor-died'])
    await stopsAndRemoves(daemon)
    await stillRuns(daemon, pid)

    disk.makeRoom()
    await goesOnByItself(daemon)
  })

  for (const part of ['content', 'snapshots'])
    it(`D1, D4 of ${part} fails the pull whole, says so, and is no hindrance when there is room`, async () => {
      await using place = scratch('disk')
      using disk = smallDisk(join(place.path, 'root', part), { megabytes: 20 })
      await using daemon = await startDaemon({ root: join(place.path, 'root') })
      const trial = await withContainers(daemon, place.path)
      disk.fill()

      const { status, body, text } = await daemon.command('pull-image', { reference: big })
      const { detail, try: advice } = body as Problem
      assert.equal(status, 500, text)
      assert.match(detail, /no space|ENOSPC/i)
      assert.match(advice ?? '', /make room/)
      assert.deepEqual(await namesAt(daemon, '/v1/images'), [busybox.name])
      await comesThrough(daemon, disk, trial)
    })

  for (const [part, kind] of [
    ['snapshots', 'ext4'],
    ['containers', 'ext4'],
  ] as const)
    it(`D1, D4 of ${part} fails a create whole, says so, and leaves nothing`, async () => {
      await using place = scratch('disk')
      using disk = smallDisk(join(place.path, 'root', part), { megabytes: 24, kind })
      await using daemon = await startDaemon({ root: join(place.path, 'root') })
      const trial = await withContainers(daemon, place.path)
      const there = () => readdirSync(join(daemon.root, 'containers')).filter(name => ContainerId.is(name))
      const before = there()
      disk.fill()

      const { status, body, text } = await make(daemon, 'create-container', 'late')
      const { reason, detail, try: advice } = body as Problem
      assert.deepEqual([status, reason], [500, 'container-create-failed'], text)
      assert.match(detail, /ENOSPC/)
      assert.match(advice ?? '', /make room/)
      await comesToBeGone(daemon, 'late')
      assert.deepEqual(there(), before)
      await comesThrough(daemon, disk, trial)
    })
})

describe('a host that is short of something else', () => {
  it('D2 without descriptors the daemon fails what it was asked for whole, and does it when it has some', async () => {
    await using busybox = await busyboxAt()
    await using daemon = await startDaemon()
    const { url, host } = busybox.registry
    await pushImage(url, 'library/other', '1', await busyboxImage({ layers: [[file('other', 'text')]] }))
    const pull = () => daemon.command('pull-image', { reference: `${host}/library/other:1` })
    const run = (name: string) =>
      daemon.command('run-container', { image: busybox.name, name, args: ['sleep', '1000'] })
    assert.equal((await daemon.command('pull-image', { reference: busybox.name })).status, 200)
    assert.equal((await run('stays')).status, 200)
    const limit = (soft: number | string) =>
      execFileSync('prlimit', ['--pid', `${daemon.pid()}`, `--nofile=${soft}:`])
    const now = execFileSync('prlimit', [
      '--pid',
      `${daemon.pid()}`,
      '--nofile',
      '-o',
      'SOFT',
      '--noheadings',
    ])
    // One more than are open: the connection that asks.
    limit(readdirSync(`/proc/${daemon.pid()}/fd`).length + 1)
    for (const [ask, advice] of [
      [() => run('late'), /open files/],
      [pull, /shiplog pull/],
    ] as const) {
      const { status, body, text } = await ask()
      const { detail, try: said } = body as Problem
      assert.equal(status, 500, text)
      assert.match(detail, /EMFILE/)
      assert.match(said ?? '', advice)
    }
    await comesToBeGone(daemon, 'late')
    assert.equal((await daemon.command('remove-container', { container: 'stays', force: true })).status, 200)

    limit(now.toString().trim())
    assert.equal((await pull()).status, 200)
    assert.equal((await run('late')).status, 200)
    assert.deepEqual(flawsOf(await eventsAfter(daemon, 0)), [])
  })

  it('D2 a blob that cannot be read fails its pull, and nothing else; it is read when the disk is well again', async () => {
    await using busybox = await busyboxAt()
    const { url, host } = busybox.registry
    const image = await busyboxImage({ layers: [[file('big', Buffer.alloc(LAYER, 'not zeros'))]] })
    await pushImage(url, 'library/big', '1', image, { compression: 'none' })
    const pull = () => daemon.command('pull-image', { reference: `${host}/library/big:1` })
    await using place = scratch('disk')
    using disk = smallDisk(join(place.path, 'root', 'content'), { megabytes: 64, kind: 'ext4' })
    await using daemon = await startDaemon({ root: join(place.path, 'root') })
    const reference = busybox.name
    assert.equal((await daemon.command('pull-image', { reference })).status, 200)
    const asked = { image: reference, name: 'stays', args: ['sleep', '1000'] }
    assert.equal((await daemon.command('run-container', asked)).status, 200)
    await daemon.stop()

    // Its layer is there, and has not been unpacked.
    await daemon.start({ SHIPLOG_FAILPOINT: 'effect snapshot/unpack' })
    await assert.rejects(pull())
    await daemon.ended()
    const blobs = join(disk.path, 'blobs', 'sha256')
    const [blob] = readdirSync(blobs)
      .map(name => join(blobs, name))
      .filter(path => statSync(path).size > LAYER)
    assert.ok(blob !== undefined)
    execFileSync('sync', ['-f', disk.path])
    const whole = readFileSync(disk.image)
    truncateSync(disk.image, 0)
    execFileSync('dd', [`if=${blob}`, 'iflag=nocache', 'count=0', 'status=none'])
    assert.throws(() => readFileSync(blob), { code: 'EIO' })

    await daemon.start()
    const { status, body, text } = await pull()
    const { detail, try: advice } = body as Problem
    assert.equal(status, 500, text)
    assert.match(detail, /EIO/)
    assert.match(advice ?? '', /shiplog pull/)
    assert.deepEqual(await namesAt(daemon, '/v1/containers'), ['stays'])

    writeFileSync(disk.image, whole, { flag: 'r+' })
    const again = await pull()
    assert.equal(again.status, 200, again.text)
    assert.deepEqual(flawsOf(await eventsAfter(daemon, 0)), [])
  })
})
