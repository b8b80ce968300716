import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { DatabaseSync } from 'node:sqlite'
import { busyboxAt } from '../support/busybox.ts'
import { startDaemon } from '../support/daemon.ts'
import type { Daemon } from '../support/daemon.ts'
import { census } from '../support/leaks.ts'

type Answer = Readonly<{
  isEqual: boolean
  projections: ReadonlyArray<{
    name: string
    tables: ReadonlyArray<{ table: string; rows: number; missing: number; unexpected: number }>
    withoutPast: ReadonlyArray<string>
  }>
}>

describe('a replay', () => {
  let busybox: Awaited<ReturnType<typeof busyboxAt>>
  let daemon: Daemon

  before(async () => {
    busybox = await busyboxAt()
    daemon = await startDaemon()
    const { name } = busybox
    await daemon.shiplog(['pull', name])
    await daemon.shiplog(['run', '--name', 'ended', '--network', 'none', name, 'sh', '-c', 'exit 3'])
    await daemon.shiplog(['run', '--rm', '--network', 'none', name, 'true'])
    await daemon.shiplog(['run', '-d', '--name', 'runs', '--network', 'none', name, 'sleep', '1000'])
    await daemon.shiplog(['exec', 'runs', 'true'])
  })
  after(async () => {
    await daemon[Symbol.asyncDispose]()
    await busybox[Symbol.asyncDispose]()
  })

  const replay = async (...args: ReadonlyArray<string>) => {
    const { code, stdout, stderr } = await daemon.shiplog(['replay', '--json', ...args])
    return { code, stderr, answer: JSON.parse(stdout) as Answer }
  }

  it('finds every read model equal, and none of them empty', async () => {
    const { code, answer } = await replay()
    assert.equal(code, 0, JSON.stringify(answer))
    for (const { tables } of answer.projections)
      for (const { table, rows } of tables) assert.ok(rows > 0, `${table} has no rows`)
  })

  it('finds them equal as of any earlier moment, where they keep their past', async () => {
    const { body } = await daemon.ask('GET', '/v1/events?order=backwards&limit=1')
    const { position } = (body as { items: ReadonlyArray<{ position: number }> }).items[0] ?? { position: 0 }
    assert.ok(position > 30)
    for (let to = 1; to <= position; to += 7) {
      const { code, answer } = await replay('--to', `@${to}`)
      assert.equal(code, 0, `@${to}: ${JSON.stringify(answer)}`)
      assert.deepEqual(
        answer.projections.flatMap(({ withoutPast }) => withoutPast),
        ['references'],
      )
    }
  })

  it('does nothing to the world', async () => {
    const look = () => {
      const { files, ...rest } = census({ root: daemon.root, pid: daemon.pid() })
      const containers = census({ root: daemon.state })
      return { ...rest, descriptors: [], files, containers }
    }
    const events = async () => (await daemon.ask('GET', '/v1/events?order=backwards&limit=1')).text
    const before = { look: look(), events: await events() }
    await replay()
    assert.deepEqual({ look: look(), events: await events() }, before)
  })

  it('shows rows that are missing, changed, or should not be there, and ends with 1', async () => {
    {
      using models = new DatabaseSync(join(daemon.root, 'read-models.db'))
      models.exec(`
        DELETE FROM images;
        UPDATE containers SET status = 'paused' WHERE name = 'runs' AND valid_to IS NULL;
        INSERT INTO "references" (holder, item) VALUES ('nobody', 'nothing');
      `)
    }
    const { code, answer } = await replay()
    assert.equal(code, 1)
    const found = answer.projections
      .flatMap(({ tables }) => tables)
      .filter(({ missing, unexpected }) => missing + unexpected > 0)
      .map(({ table, missing, unexpected }) => [table, missing, unexpected])
    assert.deepEqual(found, [
      ['containers', 1, 1],
      ['images', 1, 0],
      ['references', 0, 1],
    ])
    const { code: also, stdout } = await daemon.shiplog(['replay', '--projection', 'references'])
    assert.equal(also, 1)
    assert.match(stdout, /^references: \+ \{"holder":"nobody","item":"nothing"\}$/m)
  })

  it('is not needed for long: what differs is made again, while it goes on serving', async () => {
    for (const name of ['containers', 'images', 'references']) {
      const [{ code, stderr }, { status }] = await Promise.all([
        daemon.shiplog(['projection', 'rebuild', name]),
        daemon.ask('GET', '/v1/containers'),
      ])
      assert.deepEqual({ code, stderr, status }, { code: 0, stderr: '', status: 200 })
    }
    assert.equal((await replay()).code, 0)
    assert.match((await daemon.shiplog(['images'])).stdout, /library\/busybox/)

    // And they go on from there.
    await daemon.shiplog(['run', '--name', 'later', '--network', 'none', busybox.name, 'true'])
    assert.match((await daemon.shiplog(['ps', '-a'])).stdout, /later/)
    assert.equal((await replay()).code, 0)
    const { stdout } = await daemon.shiplog([
      'projection',
      'ls',
      '--format',
      '{{.Name}} {{.Status}} {{.Lag}}',
    ])
    assert.match(stdout, /^containers following 0$/m)
    assert.equal(stdout.split('\n').filter(line => line.endsWith(' following 0')).length, 8)
  })

  it('refuses a projection that there is not', async () => {
    const { code, stderr } = await daemon.shiplog(['replay', '--projection', 'nope'])
    assert.equal(code, 125)
    assert.match(stderr, /there is no projection nope; there are blobs, /)
  })
})
