import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { busyboxAt } from '../support/busybox.ts'
import { scenarios } from '../support/crash-scenarios.ts'
import type { Images, Scenario } from '../support/crash-scenarios.ts'
import { startDaemon } from '../support/daemon.ts'
import type { Daemon } from '../support/daemon.ts'
import { everyPoint } from '../support/every-point.ts'
import { eventsAfter, flawsOf, namesIn, operationsIn } from '../support/history.ts'
import { busyboxImage, file, packImage, pushImage, pushPacked } from '../support/image.ts'
import { assertSame, census } from '../support/leaks.ts'
import { runs } from '../support/long.ts'

// Every point is a place where the daemon is killed, while it does what reaches the point, and started again.

type Item = Readonly<{ id: string; name: string; run: number }>

const itemsOf = async (daemon: Daemon, path: string) =>
  ((await daemon.ask('GET', path)).body as { items: ReadonlyArray<Item> }).items

const headOf = async (daemon: Daemon) =>
  ((await daemon.ask('GET', '/v1/events?order=backwards&limit=1')).body as { position: number }).position

/** Until every operation that was begun after a position is over, and nothing happens any more. */
const settled = async (daemon: Daemon, mark: number) => {
  let standing: ReadonlyArray<unknown> = []
  for (let before = -1, i = 0; i < 150; i++) {
    const events = await eventsAfter(daemon, mark)
    const operations = await Promise.all(
      operationsIn(events).map(async id => (await daemon.ask('GET', `/v1/operations/${id}`)).body),
    )
    standing = operations.filter(operation => (operation as { status: string }).status === 'running')
    if (standing.length === 0 && events.length === before) return
    before = events.length
    await sleep(standing.length === 0 ? 150 : 100)
  }
  assert.fail(`still under way: ${JSON.stringify(standing)}`)
}

/** Removes all that a scenario made, by asking for it. */
const tidy = async (daemon: Daemon, { busybox }: Images) => {
  const mark = await headOf(daemon)
  for (const { id } of await itemsOf(daemon, '/v1/containers?all=true'))
    await daemon.command('remove-container', { container: id, force: true })
  for (const { name } of await itemsOf(daemon, '/v1/images'))
    if (name !== busybox) await daemon.command('remove-image', { image: name, force: true })
  await settled(daemon, mark)
}

/** All that there is of a daemon on this machine, but for its history and the output that is kept. */
const look = ({ root, state }: Daemon) => {
  const [own, volatile] = [census({ root }), census({ root: state })]
  const isKept = (path: string) =>
    /\/(?:log|read-models)\.db|^[^ ]*\/root\/containers\/|\/\.lock$|\/state\/containers\/$/.test(path)
  return {
    mounts: volatile.mounts,
    cgroups: [],
    // The daemon itself has another pid every time.
    processes: volatile.processes.filter(line => !line.includes('daemon.cjs')),
    descriptors: [],
    files: [...own.files.filter(path => !isKept(path)), ...volatile.files.filter(path => !isKept(path))],
  }
}

const isCleanAgain = async (daemon: Daemon, clean: ReturnType<typeof look>) => {
  for (let i = 0; ; i++)
    try {
      return assertSame(clean, look(daemon))
    } catch (error) {
      if (i === 40) throw error
      await sleep(50)
    }
}

describe('K1-K4, K8 a daemon that is killed at a point and started again', () => {
  let busybox: Awaited<ReturnType<typeof busyboxAt>>
  let images: Images
  const killedAt = new Set<string>()
  let kills = 0

  before(async () => {
    busybox = await busyboxAt()
    const { url } = busybox.registry
    const named = (name: string) => `${url.replace('http://', '')}/library/${name}:1`
    const withLayer = (text: string) => busyboxImage({ layers: [[file('own', text)]] })
    // Labels that nobody but an engine may give are taken away, and that is an event.
    const labelled = busyboxImage({
      layers: [[file('own', 'other')]],
      config: { Labels: { 'shiplog.own': 'x' } },
    })
    await pushImage(url, 'library/other', '1', await labelled)

    const wrong = await withLayer('wrong')
    const [first = ''] = wrong.config.rootfs.diff_ids
    const rootfs = { type: 'layers', diff_ids: [first, `sha256:${'0'.repeat(64)}`] }
    await pushImage(url, 'library/wrong', '1', { ...wrong, config: { ...wrong.config, rootfs } })

    const missing = await packImage(await withLayer('missing'))
    await pushPacked(url, 'library/missing', '1', missing)
    const lost = missing.layers.at(-1)?.digest ?? ''
    await fetch(`${url}/v2/library/missing/blobs/${lost}`, { method: 'DELETE' })
    images = {
      busybox: busybox.name,
      other: named('other'),
      wrongLayer: named('wrong'),
      missingLayer: named('missing'),
      nowhere: named('nowhere'),
    }
  })
  after(async () => {
    await busybox[Symbol.asyncDispose]()
  })

  /** The points that a scenario comes by while it acts, and at which time to kill there: the first, and more in a long run. */
  const pointsOf = async (daemon: Daemon, { act }: Scenario) => {
    const reached = join(daemon.root, '..', 'reached')
    writeFileSync(reached, '')
    const list = () => readFileSync(reached, 'utf8').trimEnd().split('\n')
    await daemon.start({ SHIPLOG_FAILPOINTS_REACHED: reached })
    const mark = await headOf(daemon)
    await sleep(200)
    const before = list()
    await act(daemon, images)
    if (await isAlive(daemon)) {
      await settled(daemon, mark)
      await daemon.stop()
    }
    const during = list().slice(before.length)
    rmSync(reached)
    const often = (points: ReadonlyArray<string>, point: string) =>
      points.filter(each => each === point).length
    return [...new Set(during)].flatMap(point => {
      const first = often(before, point) + 1
      const kills = Math.min(often(during, point), runs(1, 5))
      return Array.from({ length: kills }, (_, i) => ({ point, times: first + i }))
    })
  }

  const isAlive = (daemon: Daemon) =>
    daemon.ask('GET', '/v1/version').then(
      () => true,
      () => false,
    )

  const crash = async (daemon: Daemon, { act }: Scenario, point: string, times: number) => {
    try {
      await daemon.start({ SHIPLOG_FAILPOINT: `${point}#${times}` })
      await act(daemon, images)
    } catch (error) {
      if (await isAlive(daemon)) throw error
    }
    const died = await Promise.race([daemon.ended(), sleep(3_000)])
    if (died === undefined) await daemon.kill()
    else {
      killedAt.add(point)
      kills += 1
    }
  }

  const seen = async (scenario: Scenario) => {
    await using daemon = await startDaemon()
    await daemon.command('pull-image', { reference: images.busybox })
    await scenario.prepare?.(daemon, images)
    await daemon.stop()
    const points = await pointsOf(daemon, scenario)
    await daemon.start()
    scenario.mend?.(daemon)
    await tidy(daemon, images)
    const clean = look(daemon)

    for (const { point, times } of points) {
      await scenario.prepare?.(daemon, images)
      const mark = await headOf(daemon)
      await daemon.stop()
      await crash(daemon, scenario, point, times)
      try {
        await daemon.start()
        await settled(daemon, mark)
        scenario.mend?.(daemon)
        const replayed = await daemon.ask('GET', '/v1/replay')
        assert.equal((replayed.body as { isEqual: boolean }).isEqual, true, replayed.text)
        await tidy(daemon, images)
        const events = await eventsAfter(daemon, 0)
        assert.deepEqual(flawsOf(events), [])
        assert.deepEqual([...namesIn(events)], [])
        await isCleanAgain(daemon, clean)
      } catch (error) {
        throw new Error(`killed at "${point}" (#${times}): ${(error as Error).message}`, { cause: error })
      }
    }
  }

  describe('finishes or fails what it was at, and leaves nothing behind:', { concurrency: 3 }, () => {
    for (const scenario of scenarios) it(scenario.name, () => seen(scenario))
  })

  it('can begin again what it had not begun: its first start', async () => {
    await using daemon = await startDaemon()
    for (const point of ['NodeClaimed', 'EngineStarted'].flatMap(type => [
      `append ${type}`,
      `appended ${type}`,
    ])) {
      await daemon.stop()
      rmSync(daemon.root, { recursive: true })
      await assert.rejects(daemon.start({ SHIPLOG_FAILPOINT: point }), point)
      killedAt.add(point)
      assert.ok(existsSync(join(daemon.root, 'log.db')))
      await daemon.start()
      assert.deepEqual(flawsOf(await eventsAfter(daemon, 0)), [])
    }
  })

  it('was killed at every point that there is', test => {
    test.diagnostic(`${kills} kills at ${everyPoint.length} points`)
    assert.deepEqual(
      everyPoint.filter(point => !killedAt.has(point)),
      [],
    )
  })
})
