import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { busyboxAt } from '../support/busybox.ts'
import { startDaemon } from '../support/daemon.ts'
import type { Daemon } from '../support/daemon.ts'
import { assertSame, census } from '../support/leaks.ts'

type Operation = Readonly<{ status: string; subject: { id: string }; outcome: { exitCode?: number } }>

describe('two hundred containers', () => {
  let busybox: Awaited<ReturnType<typeof busyboxAt>>
  let daemon: Daemon
  const ids: Array<string> = []

  before(async () => {
    busybox = await busyboxAt()
    daemon = await startDaemon()
    assert.equal((await daemon.shiplog(['pull', busybox.name])).code, 0)
  })
  after(async () => {
    await daemon[Symbol.asyncDispose]()
    await busybox[Symbol.asyncDispose]()
  })

  const run = async (exitCode: number) => {
    const body = {
      image: busybox.name,
      args: ['sh', '-c', `echo ${exitCode}; exit ${exitCode}`],
      autoRemove: true,
    }
    const reply = await daemon.ask('POST', '/v1/commands/run-container?until=exited', body, {
      prefer: 'wait=60',
    })
    const operation = reply.body as Operation
    assert.equal(operation.outcome?.exitCode, exitCode, reply.text)
    ids.push(operation.subject.id)
  }

  const eightAtATime = async (count: number) => {
    let left = count
    const some = async () => {
      while (left-- > 0) await run(left % 5)
    }
    await Promise.all(Array.from({ length: 8 }, some))
  }

  const gone = async () => {
    for (let i = 0; i < 300; i++) {
      const { body } = await daemon.ask('GET', '/v1/containers?all=true')
      if ((body as { items: ReadonlyArray<unknown> }).items.length === 0) return
      await sleep(50)
    }
    assert.fail('there are containers left')
  }

  /** Everything of ours on this machine, but what a history is for: the log, and the output that is kept. */
  const look = () => {
    const place = census({ root: daemon.state, pid: daemon.pid() })
    return {
      ...place,
      descriptors: place.descriptors.filter(target => !target.includes('anon_inode')),
      files: place.files.filter(path => !path.endsWith('.log')),
    }
  }

  it('leave no mount, cgroup, FIFO, process, descriptor or file behind', async () => {
    // What is opened once and kept for good (a pipe for the signals of children) is opened by now.
    await eightAtATime(40)
    await gone()
    await sleep(500)
    const before = look()

    for (let i = 0; i < 100; i++) await run(i % 7)
    await eightAtATime(100)
    await gone()
    await sleep(500)

    const after = look()
    assertSame({ ...before, descriptors: [] }, { ...after, descriptors: [] })
    // There may be fewer: connections to the registry are given up when nobody needs them.
    const most = before.descriptors.length
    assert.ok(
      after.descriptors.length <= most,
      `${most} descriptors before, then ${after.descriptors.join(' ')}`,
    )
    const containers = join(daemon.state, 'containers')
    assert.deepEqual(existsSync(containers) ? readdirSync(containers) : [], [])
    assert.deepEqual(readdirSync(join(daemon.root, 'snapshots', 'active')), [])
    const cgroups = ['/sys/fs/cgroup/pids/shiplog', '/sys/fs/cgroup/shiplog'].filter(path => existsSync(path))
    for (const parent of cgroups)
      assert.deepEqual(
        readdirSync(parent).filter(name => ids.includes(name)),
        [],
      )
  })

  it('each have their exit once in the history', async () => {
    const exits = new Map<string, number>()
    let after = 0
    for (;;) {
      const { body } = await daemon.ask('GET', `/v1/events?type=ContainerExited&limit=1000&after=@${after}`)
      const { items, next } = body as {
        items: ReadonlyArray<{ data: { container: string } }>
        next: number | null
      }
      for (const { data } of items) exits.set(data.container, (exits.get(data.container) ?? 0) + 1)
      if (next === null) break
      after = next
    }
    assert.deepEqual(
      ids.filter(id => exits.get(id) !== 1),
      [],
    )
    assert.equal(ids.length, 240)
  })
})
