import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { asking } from './support/asking.ts'
import { commandLine } from './support/command-line.ts'
import { event } from './support/examples.ts'
import { fakeDaemon, ok } from './support/fake-daemon.ts'
import type { Routes } from './support/fake-daemon.ts'

describe('events', () => {
  const log = [event(1, 'A'), event(2, 'B'), event(3, 'A')]
  const routes: Routes = {
    'GET /v1/events': ({ query, headers }) => {
      if (headers.accept === 'text/event-stream')
        return (_, response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' })
          response.write(': heartbeat\n\nevent: caught-up\ndata: {}\n\n')
          response.write(`id: 4\nevent: C\ndata: ${JSON.stringify(event(4, 'C'))}\n\n`)
        }
      const after = Number(query['after']?.slice(1) ?? 0)
      const before = Number(query['before']?.slice(1) ?? 99)
      const limit = Number(query['limit'])
      const found = log.filter(
        ({ position, type }) =>
          position > after && position < before && (query['type'] ?? type).split(',').includes(type),
      )
      const ordered = query['order'] === 'backwards' ? found.toReversed() : found
      const items = ordered.slice(0, Math.min(limit, 2))
      return ok({ position: 3, items, next: items.length < ordered.length ? items.at(-1)?.position : null })
    },
  }

  it('are read page by page, oldest first', async () =>
    assert.equal((await asking(routes, {}, 'events', '--format', '{{.position}}')).out, '1\n2\n3\n'))

  it('are the last few with -n, the newest first with -r', async () => {
    assert.equal((await asking(routes, {}, 'events', '-n', '2', '--format', '{{.position}}')).out, '2\n3\n')
    assert.equal((await asking(routes, {}, 'events', '-r', '--format', '{{.position}}')).out, '3\n2\n1\n')
    assert.equal((await asking(routes, {}, 'events', '-n', '0')).out, '')
  })

  it('are filtered by the daemon, also where a key has several values', async () => {
    const one = await asking(routes, {}, 'events', '--filter', 'type=B', '--format', '{{.position}}')
    assert.equal(one.out, '2\n')
    assert.equal(one.asked[0]?.query['type'], 'B')
    const argv = ['--filter', 'type=A', '--filter', 'type=B', '--format', '{{.position}}']
    assert.equal((await asking(routes, {}, 'events', ...argv)).out, '1\n2\n3\n')
  })

  it('have only the fields that are asked for', async () =>
    assert.equal(
      (await asking(routes, {}, 'events', '-n', '1', '-o', 'json', '--output-fields', 'position,type')).out,
      '{"position":3,"type":"A"}\n',
    ))

  it('go on with what comes, from where the history ended', async () => {
    await using daemon = await fakeDaemon(routes)
    const line = commandLine({ host: daemon.host })
    void line.run('events', '-f', '--format', '{{.position}}')
    await line.said('4\n')
    assert.equal(line.written.out, '1\n2\n3\n4\n')
    assert.ok(
      daemon.asked.some(
        ({ query, headers }) => headers.accept === 'text/event-stream' && query['after'] === '@3',
      ),
    )
  })

  it('are taken up again from a cursor in a file', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'shiplog-cli-'))
    try {
      writeFileSync(join(cwd, 'cursor'), '@2\n')
      const argv = ['events', '--cursor-file', 'cursor', '--format', '{{.position}}']
      assert.equal((await asking(routes, { cwd }, ...argv)).out, '3\n')
      assert.equal(readFileSync(join(cwd, 'cursor'), 'utf8'), '@3\n')
      assert.equal((await asking(routes, { cwd }, ...argv)).out, '')
      writeFileSync(join(cwd, 'cursor'), 'nonsense')
      assert.match((await asking(routes, { cwd }, ...argv)).err, /"nonsense" is not a cursor/)
    } finally {
      rmSync(cwd, { recursive: true })
    }
  })
})
