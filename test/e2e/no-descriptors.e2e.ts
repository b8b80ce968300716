import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { busyboxAt } from '../support/busybox.ts'
import { startDaemon } from '../support/daemon.ts'
import type { Daemon } from '../support/daemon.ts'
import { eventsAfter, flawsOf } from '../support/history.ts'

describe('a machine that is out of descriptors', () => {
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
})
