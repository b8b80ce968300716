import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import type { ContainerId } from '../../../src/domain/kernel/identifiers.ts'
import { codeOf, containerWorld, daemonOn, newContainer, soon } from '../../support/containers.ts'

const world = containerWorld()
after(() => world[Symbol.asyncDispose]())

/** A daemon of its own, killed when `until` says so. What it had said by then. */
const killedDaemon = async (
  launches: ReadonlyArray<readonly [ContainerId, string]>,
  until: (said: () => string) => Promise<unknown>,
) => {
  const daemon = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      join(import.meta.dirname, '../../support/launching-daemon.ts'),
      JSON.stringify(world),
      JSON.stringify(launches),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const gone = once(daemon, 'close')
  let said = ''
  daemon.stdout.on('data', bytes => (said += String(bytes)))
  await until(() => said)
  daemon.kill('SIGKILL')
  await gone
  return said
}

/** For as many launches as that, or until the time is up. */
const allSaid = async (count: number, said: () => string, milliseconds = 20_000) => {
  for (let i = 0; i < milliseconds / 10 && said().split('\n').length <= count; i++) await sleep(10)
}

describe('a daemon that is killed', () => {
  it('finds every end again: of those before, during and after', async () => {
    const launches = [
      [newContainer(), 'echo out; exit 11'],
      [newContainer(), 'sleep 0.4; exit 12'],
      [newContainer(), 'sleep 1000'],
      [newContainer(), 'sleep 2; exit 14'],
      [newContainer(), 'sleep 2.2; echo late; exit 15'],
    ] as const
    const said = await killedDaemon(launches, async said => {
      await allSaid(launches.length, said)
      await sleep(100)
    })
    const pidOf = (container: ContainerId) => Number(new RegExp(`${container} (\\d+)`).exec(said)?.[1])
    process.kill(pidOf(launches[2][0]), 'SIGKILL')
    await sleep(700)

    const next = daemonOn(world)
    const ends = await Promise.all(
      launches.map(([container]) => soon('it is told', next.monitor.ended({ container, run: 1 }))),
    )
    assert.deepEqual(ends.map(codeOf), [11, 12, 137, 14, 15])
    assert.deepEqual(
      ends.map(end => end.kind === 'exited' && [end.signal, end.observed]),
      [
        [null, 'after-restart'],
        [null, 'after-restart'],
        [9, 'after-restart'],
        [null, 'live'],
        [null, 'live'],
      ],
    )
    for (const [container] of launches)
      assert.deepEqual(await next.launch(container, { args: [] }), E.right({ pid: pidOf(container) }))
    const [first, , , , last] = launches
    assert.equal(String(await next.output(first[0], Promise.resolve())), 'out\n')
    assert.equal(String(await next.output(last[0], Promise.resolve())), 'late\n')
    // And a third finds what the second has tidied up.
    const third = daemonOn(world)
    for (const [i, [container]] of launches.entries())
      assert.equal(codeOf(await third.monitor.ended({ container, run: 1 })), codeOf(ends[i] ?? assert.fail()))
  })

  it('in the middle of launching has launched each once, or not at all', async () => {
    for (const patience of [0, 15, 30, 60, 100]) {
      const launches = Array.from(
        { length: 8 },
        (_, i) => [newContainer(), `echo begun; exit ${20 + i}`] as const,
      )
      for (const [container] of launches)
        mkdirSync(daemonOn(world).directoryOf(container), { recursive: true })
      await killedDaemon(launches, async said => {
        await allSaid(1, said, patience + 250)
        await sleep(patience)
      })
      const next = daemonOn(world)
      await Promise.all(
        launches.map(async ([container, script], i) => {
          // The supervisor asks when the runtime has not launched it again yet.
          const ended = next.monitor.ended({ container, run: 1 })
          const launched = await next.launch(container, { args: ['/bin/sh', '-c', script] })
          assert.ok(E.isRight(launched), JSON.stringify(launched))
          assert.equal(codeOf(await soon('it ends', ended)), 20 + i)
          assert.equal(String(await next.output(container, Promise.resolve())), 'begun\n')
        }),
      )
    }
  })

  it('X6 remembers what the kernel killed for want of memory, though the counter is gone', async () => {
    const first = daemonOn(world)
    const container = newContainer()
    await first.launch(container, { args: ['/bin/sh', '-c', 'tail /dev/zero'], memory: 8 << 20 })
    await soon('it ends', first.monitor.ended({ container, run: 1 }))
    await sleep(100)
    const ended = await daemonOn(world).monitor.ended({ container, run: 1 })
    assert.ok(ended.kind === 'exited' && ended.oomKilled)
  })

  it('does not take a container of before a reboot for one that ended well', async () => {
    const first = daemonOn(world)
    const container = newContainer()
    await first.launch(container, { args: ['/bin/sh', '-c', 'exit 0'] })
    await soon('it ends', first.monitor.ended({ container, run: 1 }))
    rmSync(first.directoryOf(container), { recursive: true })
    const next = daemonOn(world)
    assert.deepEqual(await next.monitor.ended({ container, run: 1 }), {
      kind: 'lost',
      because: 'host-restarted',
    })
    const launched = await next.launch(container, { args: ['/bin/sh', '-c', 'exit 0'] })
    assert.ok(E.isLeft(launched), 'nobody would hear of its end')
  })
})

describe('input', () => {
  it('is at its end when the daemon goes, unless it is kept open', async () => {
    for (const keep of [false, true]) {
      const first = daemonOn(world, keep)
      const container = newContainer()
      const script = 'while read line; do echo got:$line; done; echo end'
      const launched = await first.launch(container, { args: ['/bin/sh', '-c', script], stdin: true })
      assert.ok(E.isRight(launched))
      first.inputs.of(container)?.stream().write('a\n')
      await sleep(100)
      first.inputs.of(container)?.stream().destroy()
      await sleep(100)
      assert.equal(
        String(await first.output(container, Promise.resolve())),
        keep ? 'got:a\n' : 'got:a\nend\n',
      )
      await first.runtime.kill(container)()
      await soon('it ends', first.monitor.ended({ container, run: 1 }))
    }
  })
})
