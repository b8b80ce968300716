import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startDaemon } from '../support/daemon.ts'
import type { Daemon } from '../support/daemon.ts'
import { busyboxAt } from '../support/busybox.ts'

type Container = Readonly<{ id: string; status: string; exit: { exitCode: number; observed: string } | null }>

describe('kill -9 of the daemon', () => {
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

  it('loses no exit of five containers that end while it is away', async () => {
    const codes = [0, 1, 3, 42, 255]
    for (const code of codes) {
      const said = await daemon.shiplog([
        'run',
        '-d',
        '--name',
        `ends-${code}`,
        '--network',
        'none',
        busybox.name,
        'sh',
        '-c',
        `for i in 1 2 3 4; do echo line $i; sleep 0.3; done; exit ${code}`,
      ])
      assert.equal(said.code, 0, said.stderr)
    }
    await daemon.kill()
    await sleep(2_000)
    await daemon.start()

    for (const code of codes) {
      const waited = await daemon.shiplog(['wait', `ends-${code}`])
      assert.equal(waited.stdout.trim(), String(code))
      const { stdout } = await daemon.shiplog(['logs', `ends-${code}`])
      assert.equal(stdout, 'line 1\nline 2\nline 3\nline 4\n')

      const { body } = await daemon.ask('GET', `/v1/containers/ends-${code}`)
      const { id, exit } = body as Container
      assert.equal(exit?.observed, 'after-restart')
      const history = await daemon.ask('GET', `/v1/streams/container-n1/default/${id}`)
      const { items } = history.body as { items: ReadonlyArray<{ type: string }> }
      assert.deepEqual(
        items.map(({ type }) => type),
        [
          'ContainerCreateRequested',
          'ContainerCreated',
          'ContainerStartRequested',
          'ContainerStarted',
          'ContainerExited',
        ],
      )
    }
  })

  it('leaves a container running, and finds it again', async () => {
    await daemon.shiplog(['run', '-d', '--name', 'stays', '--network', 'none', busybox.name, 'sleep', '1000'])
    const before = (await daemon.ask('GET', '/v1/containers/stays')).body as { pid: number }
    await daemon.kill()
    process.kill(before.pid, 0)
    await daemon.start()
    const after = (await daemon.ask('GET', '/v1/containers/stays')).body as { pid: number; status: string }
    assert.deepEqual([after.pid, after.status], [before.pid, 'running'])
    assert.equal((await daemon.shiplog(['stop', '-t', '1', 'stays'])).code, 0)
    assert.equal((await daemon.shiplog(['wait', 'stays'])).stdout.trim(), '137')
  })

  it('is not noticed by a container when the daemon is told to stop, either', async () => {
    await daemon.shiplog(['run', '-d', '--name', 'calm', '--network', 'none', busybox.name, 'sleep', '1000'])
    await daemon.stop()
    await daemon.start()
    const { status } = (await daemon.ask('GET', '/v1/containers/calm')).body as Container
    assert.equal(status, 'running')
  })
})
