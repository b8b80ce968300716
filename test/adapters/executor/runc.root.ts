import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { codeOf, containerWorld, daemonOn, newContainer, soon } from '../../support/containers.ts'

const world = containerWorld()
const daemon = daemonOn(world)
const { runtime } = daemon
after(() => world[Symbol.asyncDispose]())

const counting = { args: ['/bin/sh', '-c', 'trap "echo told; exit 3" TERM; while true; do sleep 0.05; done'] }

const problemOf = (result: E.Either<{ problem: string }, unknown>) =>
  E.isLeft(result) ? result.left.problem : null

describe('a running container', () => {
  it('gets signals', async () => {
    const { container, ended } = await daemon.start(counting)
    await sleep(100)
    assert.deepEqual(await runtime.signal(container, 15)(), E.right(undefined))
    assert.equal(codeOf(await soon('it ends', ended)), 3)
    assert.equal(String(await daemon.output(container, ended)), 'told\n')
  })

  it('is paused and goes on, each as often as is asked', async () => {
    const { container, pid, ended } = await daemon.start(counting)
    const used = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ').slice(13, 17).join(' ')
    await sleep(100)
    for (let i = 0; i < 2; i++) assert.deepEqual(await runtime.pause(container)(), E.right(undefined))
    const before = used()
    await runtime.signal(container, 15)()
    await sleep(200)
    assert.equal(used(), before)
    for (let i = 0; i < 2; i++) assert.deepEqual(await runtime.unpause(container)(), E.right(undefined))
    assert.equal(codeOf(await soon('it ends', ended)), 3)
  })

  it('X7 is killed though it is paused', async () => {
    for (const kill of [
      runtime.kill,
      (container: Parameters<typeof runtime.kill>[0]) => runtime.signal(container, 9),
    ]) {
      const { container, ended } = await daemon.start(counting)
      assert.deepEqual(await runtime.pause(container)(), E.right(undefined))
      assert.deepEqual(await kill(container)(), E.right(undefined))
      assert.equal(codeOf(await soon('it ends', ended)), 137)
    }
  })

  it('is killed with all of its processes', async () => {
    const { container, ended } = await daemon.start({
      args: ['/bin/sh', '-c', 'for i in 1 2 3; do sleep 1000 & done; wait'],
    })
    await sleep(100)
    await runtime.kill(container)()
    assert.equal(codeOf(await soon('it ends', ended)), 137)
  })
})

describe('a container that does not run', () => {
  it('cannot be signalled, killed, paused or let go on', async () => {
    const { container, ended } = await daemon.start({ args: ['/bin/true'] })
    await soon('it ends', ended)
    for (const one of [container, newContainer()])
      for (const act of [
        runtime.signal(one, 15),
        runtime.kill(one),
        runtime.pause(one),
        runtime.unpause(one),
      ])
        assert.equal(problemOf(await act()), 'not-running')
  })

  it('can be let go of again and again', async () => {
    const { container, ended } = await daemon.start({ args: ['/bin/true'] })
    await soon('it ends', ended)
    for (let i = 0; i < 3; i++) await runtime.letGo(container)
    await runtime.letGo(newContainer())
  })
})
