import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { containerId, event, operation } from './support/examples.ts'
import { fakeDaemon, frame, ok } from './support/fake-daemon.ts'
import type { Routes } from './support/fake-daemon.ts'

const main = join(import.meta.dirname, '../../src/cli/main.ts')

/** What a shell finds under the name of shiplog. */
const bin = mkdtempSync(join(tmpdir(), 'shiplog-bin-'))
writeFileSync(join(bin, 'shiplog'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o755 })
after(() => rmSync(bin, { recursive: true }))

/** `shiplog` as a process in a shell's line; on a terminal where `script` (util-linux) gives it one. */
const inShell = (host: string, line: string, env: Readonly<Record<string, string>> = {}) =>
  new Promise<{ code: number | null; out: string; err: string }>(resolve => {
    const child = spawn('/bin/bash', ['-c', line], {
      env: { PATH: `${bin}:${process.env['PATH'] ?? ''}`, SHIPLOG_HOST: host, TERM: 'xterm', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('latin1')))
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString('latin1')))
    child.on('close', code => resolve({ code, out, err }))
  })

const path = `/v1/containers/${containerId}`
const events = [event(1, 'ContainerCreateRequested'), event(2, 'ContainerExited', { exitCode: 1 })]

const routes: Routes = {
  'GET /v1/events': () => ok({ position: 2, items: events, next: null }),
  'GET /v1/containers/web/output': () => (_, response) => {
    response.writeHead(200, { 'content-type': 'application/vnd.docker.multiplexed-stream' })
    for (let i = 0; i < 40; i += 1) response.write(frame(1, `${'x'.repeat(65_535)}\n`))
    response.end()
  },
  'POST /v1/commands/run-container': () => ok(operation()),
  [`GET ${path}/output`]: () => (_, response) => {
    response.writeHead(200, { 'content-type': 'application/vnd.docker.raw-stream' })
    response.write('ready ')
  },
  [`GET ${path}/wait`]: () => ok({ exitCode: 0, lost: null }),
  [`POST ${path}/input`]: () => (request, response) => {
    request.resume()
    request.on('end', () => response.writeHead(204).end())
  },
  [`POST ${path}/resize`]: () => ok({}),
}

describe('the process', () => {
  it('says that a container goes on when nobody reads its output any more', async () => {
    const endless: Routes = {
      ...routes,
      [`GET ${path}/output`]: () => (_, response) => {
        response.writeHead(200, { 'content-type': 'application/vnd.docker.multiplexed-stream' })
        const more = setInterval(() => response.write(frame(1, 'y\n')), 5)
        response.on('close', () => clearInterval(more))
      },
      [`GET ${path}/wait`]: () => () => {},
    }
    await using daemon = await fakeDaemon(endless)
    const { code, err } = await inShell(
      daemon.host,
      'set -o pipefail; shiplog run web yes | head -n1 >/dev/null',
    )
    assert.equal(code, 141)
    assert.match(err, /nobody reads the output of .* any more; it goes on \(shiplog stop .* ends it\)/)
  })

  it('has written everything before it ends, however slowly it is read', async () => {
    await using daemon = await fakeDaemon(routes)
    const { code, out } = await inShell(daemon.host, 'set -o pipefail; shiplog logs web | (sleep 0.3; wc -c)')
    assert.deepEqual({ code, size: Number(out) }, { code: 0, size: 40 * 65_536 })
  })

  it('ends quietly when its reader has seen enough', async () => {
    await using daemon = await fakeDaemon(routes)
    const { out, err } = await inShell(daemon.host, 'shiplog logs web | head -c 3; echo ${PIPESTATUS[0]}')
    assert.deepEqual({ out, err }, { out: 'xxx0\n', err: '' })
  })

  it('writes no escape byte off a terminal', async () => {
    await using daemon = await fakeDaemon(routes)
    const { code, out } = await inShell(daemon.host, 'shiplog events')
    assert.equal(code, 0)
    assert.doesNotMatch(out, /\x1b/)
  })

  it('is in colour on a terminal, through a pager, and not with NO_COLOR', async () => {
    await using daemon = await fakeDaemon(routes)
    const line = `script -qec "shiplog events" /dev/null`
    const coloured = await inShell(daemon.host, line, { SHIPLOG_PAGER: 'sed s/^/paged:/' })
    assert.match(coloured.out, /paged:\x1b\[2m/)
    const plain = await inShell(daemon.host, line, { SHIPLOG_PAGER: 'sed s/^/paged:/', NO_COLOR: '1' })
    assert.match(plain.out, /paged:2026/)
    assert.doesNotMatch(plain.out, /\x1b/)
  })

  it('leaves the terminal as it was when it is detached from', async () => {
    await using daemon = await fakeDaemon(routes)
    const directory = mkdtempSync(join(tmpdir(), 'shiplog-cli-'))
    try {
      const inner = 'stty -a > before; shiplog run -it alpine sh; stty -a > after'
      const keys = `(sleep 1.5; printf '\\020\\021'; sleep 1)`
      await inShell(daemon.host, `cd ${directory}; ${keys} | script -qec '${inner}' /dev/null`)
      assert.deepEqual(readdirSync(directory).toSorted(), ['after', 'before'])
      assert.equal(
        readFileSync(join(directory, 'after'), 'utf8'),
        readFileSync(join(directory, 'before'), 'utf8'),
      )
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  it('puts a fault of its own into a file and says where', async () => {
    await using daemon = await fakeDaemon({
      'GET /v1/containers': () => ok({ position: 1, items: [{ nonsense: true }] }),
    })
    const directory = mkdtempSync(join(tmpdir(), 'shiplog-cli-'))
    try {
      const { code, out, err } = await inShell(daemon.host, 'shiplog ps', { TMPDIR: directory })
      assert.deepEqual({ code, out }, { code: 70, out: '' })
      const [file = ''] = readdirSync(directory)
      assert.match(err, new RegExp(`^shiplog: a fault of shiplog itself .* ${directory}/${file}\n$`))
      assert.match(readFileSync(join(directory, file), 'utf8'), /TypeError/)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})
