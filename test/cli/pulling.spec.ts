import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { asking } from './support/asking.ts'
import { commandLine } from './support/command-line.ts'
import { digest, event, operation } from './support/examples.ts'
import { fakeDaemon, ok } from './support/fake-daemon.ts'
import type { Routes } from './support/fake-daemon.ts'

describe('pull', () => {
  const progress = (letter: string, phase: string, bytes: number, total: number | null) =>
    `data: ${JSON.stringify({ digest: digest(letter), phase, bytes, total })}\n\n`
  const layer = (letter: string) => ({ blob: { digest: digest(letter), size: 2_000_000 } })
  const resolved = event(5, 'ManifestResolved', { layers: [layer('a'), layer('b')] })
  const pulled = operation({
    command: 'pull-image',
    subject: { kind: 'pull', id: 'pull-1' },
    outcome: { name: 'docker.io/library/alpine:3.20', manifest: { digest: digest('1') } },
    events: [resolved, event(6, 'BlobStored', { blob: { digest: digest('a') } })],
  })
  const routes: Routes = {
    'GET /v1/progress': () => (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(progress('a', 'fetching', 10, 2_000_000) + progress('a', 'fetching', 20, 2_000_000))
      response.write(progress('c', 'fetching', 20, 50) + progress('a', 'unpacking', 4_000_000, null))
    },
    'GET /v1/operations/*': () => ok({ ...pulled, status: 'running', events: [resolved] }),
    'POST /v1/commands/pull-image': () => (_, response) => {
      setTimeout(() => response.writeHead(200).end(JSON.stringify(pulled)), 60)
    },
  }

  it('prints the name on stdout, and on stderr a line for each phase of its own layers', async () => {
    const { exitCode, out, err, asked } = await asking(routes, {}, 'pull', 'alpine:3.20')
    assert.deepEqual({ exitCode, out }, { exitCode: 0, out: 'docker.io/library/alpine:3.20\n' })
    assert.equal(
      err,
      [
        'pulling alpine:3.20',
        'aaaaaaaaaaaa: fetching (2MB)',
        'aaaaaaaaaaaa: unpacking (2MB)',
        'aaaaaaaaaaaa: done (2MB)',
        'bbbbbbbbbbbb: already here (2MB)',
        `alpine:3.20 is ${digest('1')}`,
        '',
      ].join('\n'),
    )
    const key = asked.find(({ path }) => path.endsWith('pull-image'))?.headers['idempotency-key']
    assert.ok(asked.some(({ path }) => path === `/v1/operations/${String(key)}`))
  })

  it('redraws its lines on a terminal, and writes no escape byte anywhere else', async () => {
    const live = await asking(
      routes,
      { terminals: ['stderr'], size: { rows: 24, columns: 80 } },
      'pull',
      'alpine:3.20',
    )
    assert.match(live.err, /\x1b\[J.*done/s)
    assert.doesNotMatch((await asking(routes, {}, 'pull', 'alpine:3.20')).err, /\x1b/)
    assert.equal((await asking(routes, { terminals: ['stderr'] }, 'pull', '-q', 'alpine:3.20')).err, '')
  })

  it('sends what the user has logged in with, and only to the daemon', async () => {
    const home = mkdtempSync(join(tmpdir(), 'shiplog-cli-'))
    try {
      const auth = Buffer.from('anna:secret').toString('base64')
      writeFileSync(join(home, 'config.json'), JSON.stringify({ auths: { 'ghcr.io': { auth } } }))
      const { asked, out, err } = await asking(
        routes,
        { env: { DOCKER_CONFIG: home } },
        'pull',
        'ghcr.io/team/app',
      )
      const header = asked.find(({ path }) => path.endsWith('pull-image'))?.headers['registry-auth'] as string
      assert.deepEqual(JSON.parse(Buffer.from(header, 'base64url').toString()), {
        username: 'anna',
        password: 'secret',
      })
      assert.doesNotMatch(out + err, /secret/)
      const other = await asking(routes, { env: { DOCKER_CONFIG: home } }, 'pull', 'alpine')
      assert.ok(other.asked.every(({ headers }) => headers['registry-auth'] === undefined))
    } finally {
      rmSync(home, { recursive: true })
    }
  })

  it('is left at once by Ctrl-C, and says what becomes of it', async () => {
    await using daemon = await fakeDaemon({
      'GET /v1/progress': () => (_, response) => response.writeHead(200).flushHeaders(),
      'POST /v1/commands/pull-image': () => () => {},
    })
    const line = commandLine({ host: daemon.host })
    const ended = line.run('pull', 'alpine')
    await line.said('pulling', 'err')
    line.signal('SIGINT')
    assert.equal(await ended, 130)
    assert.match(line.written.err, /the daemon goes on fetching alpine/)
  })
})
