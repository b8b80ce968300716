import assert from 'node:assert/strict'
import { globSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { busyboxAt } from '../support/busybox.ts'
import { startDaemon } from '../support/daemon.ts'
import type { Daemon } from '../support/daemon.ts'
import { eventsAfter, flawsOf } from '../support/history.ts'

/** Debian's libfaketime: whoever is started with it takes the time to be another. Monotonic clocks go as they go. */
const [library = ''] = globSync('/usr/lib/*/faketime/libfaketime.so.1')

const at = (offset: string) => ({
  LD_PRELOAD: library,
  FAKETIME: offset,
  FAKETIME_DONT_FAKE_MONOTONIC: '1',
  DONT_FAKE_MONOTONIC: '1',
})

/** The library leaves its shared memory behind. */
const forget = (pid: number) => {
  for (const name of [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`])
    rmSync(join('/dev/shm', name), { force: true })
}

/** An hour and a year back, ten years forward, and before everything. */
const clocks: ReadonlyArray<readonly [string, string, (year: number) => boolean]> = [
  ['an hour back', '-1h', () => true],
  ['a year back', '-365d', year => year === new Date().getUTCFullYear() - 1],
  ['ten years forward', '+3653d', year => year === new Date().getUTCFullYear() + 10],
  ['in 1970', '@1970-01-02 00:00:00', year => year === 1970],
]

describe('T1, T2 a clock that is set', { concurrency: 2 }, () => {
  let busybox: Awaited<ReturnType<typeof busyboxAt>>
  before(async () => {
    busybox = await busyboxAt()
  })
  after(() => busybox[Symbol.asyncDispose]())

  const run = async (daemon: Daemon, name: string, script: string) => {
    const body = { image: busybox.name, name, args: ['sh', '-c', script] }
    const { status, text } = await daemon.command('run-container', body)
    assert.equal(status, 200, text)
  }

  for (const [what, offset, isExpected] of clocks)
    it(`${what}: order stays, durations stay, and nothing is taken for old`, async () => {
      await using daemon = await startDaemon()
      await daemon.command('pull-image', { reference: busybox.name })
      await run(daemon, 'before', 'sleep 1000')
      const first = await eventsAfter(daemon, 0)
      await daemon.stop()

      await daemon.start(at(offset))
      const pid = daemon.pid()
      await run(daemon, 'during', 'exit 3')
      const waited = await daemon.ask('GET', '/v1/containers/during/wait')
      assert.equal((waited.body as { exitCode: number }).exitCode, 3)
      const began = performance.now()
      const stopped = await daemon.command('stop-container', { container: 'before', timeout: 1 })
      assert.equal(stopped.status, 200, stopped.text)
      const took = performance.now() - began
      // One second of patience is one second, whatever the clock says; what it must not be is none, or for ever.
      assert.ok(took > 900 && took < 10_000, `${took} ms`)
      const images = (await daemon.ask('GET', '/v1/images')).body as { items: ReadonlyArray<unknown> }
      assert.equal(images.items.length, 1)
      await daemon.stop()
      forget(pid)

      await daemon.start()
      await run(daemon, 'after', 'exit 4')
      const events = await eventsAfter(daemon, 0)
      assert.deepEqual(flawsOf(events), [])
      assert.deepEqual(events.slice(0, first.length), first)
      const during = events.find(({ type, position }) => type === 'EngineStarted' && position > first.length)
      const { occurredAt } = during as unknown as { occurredAt: string }
      assert.ok(isExpected(new Date(occurredAt).getUTCFullYear()), occurredAt)
      const replayed = await daemon.ask('GET', '/v1/replay')
      assert.equal((replayed.body as { isEqual: boolean }).isEqual, true, replayed.text)
      const { body } = await daemon.ask('GET', '/v1/containers?all=true')
      const names = (body as { items: ReadonlyArray<{ name: string }> }).items.map(({ name }) => name)
      assert.deepEqual(names, ['after', 'during', 'before'])
    })
})
