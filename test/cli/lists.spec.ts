import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asking } from './support/asking.ts'
import { container, containerId, event, image, root } from './support/examples.ts'
import { ok } from './support/fake-daemon.ts'
import type { Routes } from './support/fake-daemon.ts'

const list = (...items: ReadonlyArray<unknown>): Routes => ({
  'GET /v1/containers': () => ok({ position: 20, items }),
  'GET /v1/images': () => ok({ position: 20, items }),
  'GET /v1/events/*': () => ok(event(20, 'ContainerExited')),
})

describe('ps', () => {
  const exit = { exitCode: 3, signal: null, oomKilled: false, exitedAt: '2026-11-24T11:59:00Z' }
  const two = list(
    container({ createdAt: '2026-11-24T11:00:00Z' }),
    container({ id: 'f'.repeat(64), name: 'job', status: 'exited', exit, createdAt: '2026-11-24T11:30:00Z' }),
  )

  it('is a table, the newest first', async () => {
    const { out, err, asked } = await asking(two, {}, 'ps', '-a')
    assert.equal(
      out,
      [
        'CONTAINER ID   IMAGE         COMMAND      CREATED             STATUS                         NAMES',
        'ffffffffffff   alpine:3.20   "sleep 60"   30 minutes ago      Exited (3) About a minute ago   job',
        'a1b2c3d4e5f6   alpine:3.20   "sleep 60"   About an hour ago   Up 3 minutes                   web',
        '',
      ]
        .join('\n')
        .replace(/STATUS {25}/, 'STATUS                          ')
        .replace(/Up 3 minutes {19}/, 'Up 3 minutes                    '),
    )
    assert.equal(err, '')
    assert.deepEqual(asked[0]?.query, { all: 'true' })
  })

  it('says what it is as of to a person only', async () => {
    assert.match((await asking(two, { terminals: ['stdout', 'stderr'] }, 'ps')).err, /^as of @20\n$/)
    assert.equal((await asking(two, { terminals: ['stderr'] }, 'ps')).err, '')
  })

  it('prints ids, whole ones if asked', async () => {
    assert.equal((await asking(two, {}, 'ps', '-q')).out, 'ffffffffffff\na1b2c3d4e5f6\n')
    assert.equal((await asking(two, {}, 'ps', '-q', '--no-trunc')).out, `${'f'.repeat(64)}\n${containerId}\n`)
  })

  for (const flags of [['--json'], ['--format', 'json']])
    it(`prints objects with the position they are as of (${flags.join(' ')})`, async () => {
      const { out } = await asking(two, {}, 'ps', ...flags)
      const objects = out
        .trim()
        .split('\n')
        .map(line => JSON.parse(line))
      assert.deepEqual(
        objects.map(({ name, asOf, position }) => [name, asOf, position]),
        [
          ['job', 20, 12],
          ['web', 20, 12],
        ],
      )
    })

  it("takes docker's templates", async () =>
    assert.equal(
      (await asking(two, {}, 'ps', '--format', 'table {{.Names}}\t{{.State}}')).out,
      'NAMES   STATE\njob     exited\nweb     running\n',
    ))

  it("filters by docker's keys and by who made it", async () => {
    const names = async (...filters: ReadonlyArray<string>) =>
      (await asking(two, {}, 'ps', '-q', ...filters.flatMap(each => ['--filter', each]))).out.trim()
    assert.equal(await names('name=we'), 'a1b2c3d4e5f6')
    assert.equal(await names('status=exited', 'exited=3'), 'ffffffffffff')
    assert.equal(await names('exited=4'), '')
    assert.equal(await names('label=tier=front', 'name=^job$'), 'ffffffffffff')
    assert.equal(await names('label=tier=back'), '')
    assert.equal(await names('ancestor=alpine:3.20', 'id=a1'), 'a1b2c3d4e5f6')
    assert.equal(await names('since=web'), 'ffffffffffff')
    assert.equal(await names('actor=root', 'before=job'), 'a1b2c3d4e5f6')
    assert.equal(await names('actor=nobody'), '')
  })

  it('computes ages as of the moment it is asked for', async () => {
    const then = list(container({ createdAt: '2026-11-24T11:58:00Z', startedAt: '2026-11-24T11:58:00Z' }))
    const { out, asked } = await asking(then, {}, 'ps', '--at', '@20')
    assert.match(out, /20 seconds ago +Up 20 seconds/)
    assert.equal(asked[0]?.query['at'], '@20')
  })

  it('asks for removed containers, which say so', async () => {
    const removed = container({ status: 'removed', removedAt: '2026-11-24T11:59:30Z', removedBy: root })
    const { out, asked } = await asking(list(removed), {}, 'ps', '--removed')
    assert.match(out, /Removed 30 seconds ago/)
    assert.deepEqual(asked[0]?.query, { all: 'true', removed: 'true' })
  })
})

describe('images', () => {
  const routes = list(image(), image({ name: 'ghcr.io/team/app:1', created: '2026-11-01T00:00:00Z' }))

  it('is a table with repository and tag apart', async () =>
    assert.equal(
      (await asking(routes, {}, 'images')).out,
      [
        'REPOSITORY         TAG    IMAGE ID       CREATED       SIZE',
        'alpine             3.20   222222222222   2 weeks ago   7.8MB',
        'ghcr.io/team/app   1      222222222222   3 weeks ago   7.8MB',
        '',
      ].join('\n'),
    ))

  it('lists one name, with or without its tag, and by reference', async () => {
    assert.match((await asking(routes, {}, 'images', 'alpine')).out, /\nalpine .*\n$/)
    assert.doesNotMatch((await asking(routes, {}, 'images', 'alpine:3.19')).out, /\nalpine/)
    assert.match(
      (await asking(routes, {}, 'images', '--filter', 'reference=ghcr.io/*/app')).out,
      /\nghcr.io\/team\/app/,
    )
  })
})
