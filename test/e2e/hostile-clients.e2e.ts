import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { busyboxAt } from '../support/busybox.ts'
import { startDaemon } from '../support/daemon.ts'
import type { Daemon, Reply } from '../support/daemon.ts'
import { assertSame, census } from '../support/leaks.ts'
import { runs } from '../support/long.ts'
import { rawConnection, rawly } from '../support/raw-http.ts'
import type { Heard } from '../support/raw-http.ts'

type Json = Readonly<Record<string, unknown>>
type Operation = Readonly<{ id: string; subject: Readonly<{ id: string; name: string }> }>

let busybox: Awaited<ReturnType<typeof busyboxAt>>
let daemon: Daemon
let web: string

before(async () => {
  busybox = await busyboxAt()
  daemon = await startDaemon()
  assert.equal((await daemon.shiplog(['pull', busybox.name])).code, 0)
  const args = ['sh', '-c', 'echo ready; exec sleep 1000']
  const reply = await daemon.command('run-container', { image: busybox.name, name: 'web', args })
  web = (reply.body as Operation).subject.id
})
after(async () => {
  await daemon[Symbol.asyncDispose]()
  await busybox[Symbol.asyncDispose]()
})

const MiB = 2 ** 20
const head = async () =>
  ((await daemon.ask('GET', '/v1/containers')).body as Readonly<{ position: number }>).position
const rss = () => {
  const [, kB] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${daemon.pid()}/status`, 'utf8')) ?? []
  return Number(kB) * 1024
}
const descriptors = () => readdirSync(`/proc/${daemon.pid()}/fd`).length

/** Refused, and hung up on: who is still writing then may not get to read the answer (EPIPE). */
const isCutOff = ({ statuses, isClosed, text }: Heard) => {
  assert.ok(isClosed, text)
  assert.ok(statuses.length === 0 || (statuses.length === 1 && [400, 413].includes(statuses[0] ?? 0)), text)
}

/** Whatever was asked of it before, it answers others. */
const isWell = async () => assert.equal((await daemon.ask('GET', '/v1/version')).status, 200)

const post = (name: string, headers: ReadonlyArray<string>, body = '') =>
  [
    `POST /v1/commands/${name} HTTP/1.1`,
    'host: x',
    'content-type: application/json',
    ...headers,
    '',
    body,
  ].join('\r\n')

const json = (body: unknown) => JSON.stringify(body)
const kill = json({ container: 'web', signal: 'SIGUSR1' })

describe('A1 bodies that are not what their headers say', () => {
  it('A1 a length that is too large is refused before a byte of it has come', async () => {
    const position = await head()
    for (const length of ['1048577', '1073741824', '9007199254740991', '18446744073709551615'])
      for (const body of ['', kill]) {
        const { statuses, text } = await rawly(
          daemon.socket,
          post('kill-container', [`content-length: ${length}`], body),
        )
        assert.equal(statuses.length, 1, `${length}: ${text}`)
        assert.ok([400, 413].includes(statuses[0] ?? 0), text)
        assert.match(text, /application\/problem\+json/)
      }
    assert.equal(await head(), position)
    await isWell()
  })

  it('A1 a body without an end is cut off at its limit, and costs no memory', async () => {
    const position = await head()
    const base = rss()
    const piece = `10000\r\n${' '.repeat(65_536)}\r\n`
    const heard: Array<Heard> = []
    for (let i = 0; i < 20; i++) {
      using connection = await rawConnection(daemon.socket)
      await connection.send(post('kill-container', ['transfer-encoding: chunked']))
      let sent = 0
      while (sent < 64 * MiB && connection.heard().statuses.length === 0) {
        if (!(await connection.send(piece))) break
        sent += 65_536
      }
      heard.push(await connection.answers())
      assert.ok(sent < 8 * MiB, `${sent} bytes were taken`)
    }
    for (const each of heard) isCutOff(each)
    assert.ok(heard.some(({ statuses }) => statuses[0] === 413))
    assert.ok(rss() - base < 64 * MiB, `${rss() - base} bytes more`)
    assert.equal(await head(), position)
    await isWell()
  })

  it('A1 input without an end for nobody is taken nowhere, and costs no memory', async () => {
    using connection = await rawConnection(daemon.socket)
    await connection.send(
      'POST /v1/containers/nobody/input HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\ntransfer-encoding: chunked\r\n\r\n',
    )
    const piece = `100000\r\n${'x'.repeat(MiB)}\r\n`
    let base = 0
    for (let sent = 0; sent < 768; sent++) {
      if (sent === 256) base = rss()
      if (!(await connection.send(piece))) break
    }
    assert.deepEqual((await connection.answers()).statuses, [404])
    assert.ok(rss() - base < 64 * MiB, `${rss() - base} bytes more`)
    await isWell()
  })

  it('A1 two lengths, or a length and chunks, are refused, and nothing behind them is a request', async () => {
    const position = await head()
    const smuggled = `POST /v1/commands/kill-container HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${kill.length}\r\n\r\n${kill}`
    const asides = [
      ['content-length: 4', 'transfer-encoding: chunked'],
      ['transfer-encoding: chunked', 'content-length: 4'],
      ['content-length: 0', 'content-length: 5'],
      ['content-length: 5', 'content-length: 5'],
      ['content-length: 0, 5'],
      ['content-length: +5'],
      ['content-length: -1'],
      ['content-length: 0x5'],
      ['content-length: 5 5'],
      ['content-length : 5'],
      ['content-length: '],
      ['transfer-encoding: chunked, identity'],
      ['transfer-encoding: identity, chunked, chunked'],
      ['transfer-encoding: xchunked'],
      ['transfer-encoding: chunked', 'transfer-encoding: x'],
      ['transfer-encoding:\u000bchunked'],
      [' transfer-encoding: chunked', 'content-length: 0'],
      ['x: y\n transfer-encoding: chunked'],
      ['x: \0'],
    ]
    for (const headers of asides) {
      const { statuses, text, isClosed } = await rawly(
        daemon.socket,
        `${post('start-container', headers)}0\r\n\r\n${smuggled}`,
        2,
      )
      assert.deepEqual(statuses, [400], `${headers.join(' | ')}: ${text}`)
      assert.ok(isClosed, headers.join(' | '))
    }
    assert.equal(await head(), position)
    await isWell()
  })

  it('A1 chunks that are none are refused', async () => {
    const position = await head()
    for (const chunks of [
      `ffffffffffffffff\r\n${' '.repeat(2 * MiB)}`,
      `fffffffffffffffff\r\n`,
      '-1\r\n',
      'zz\r\n',
      '0x5\r\n{"a":\r\n',
      `5;${'x'.repeat(100_000)}\r\n`,
      '5\n{"a":\n0\n\n',
      '2\r\n{}XX0\r\n\r\n',
    ]) {
      isCutOff(
        await rawly(daemon.socket, `${post('kill-container', ['transfer-encoding: chunked'])}${chunks}`),
      )
    }
    assert.equal(await head(), position)
  })

  it('A1 what is no HTTP, or too much of it, is refused and nobody else hears of it', async () => {
    for (const bytes of [
      'hello\r\n\r\n',
      '\0'.repeat(1000),
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      'GET /v1/version HTTP/9.9\r\nhost: x\r\n\r\n',
      'GET /v1/version HTTP/1.1\r\n\r\n',
      `GET /${'a'.repeat(MiB)} HTTP/1.1\r\nhost: x\r\n\r\n`,
      `GET /v1/version HTTP/1.1\r\nhost: x\r\n${'a: b\r\n'.repeat(20_000)}\r\n`,
      `GET /v1/version HTTP/1.1\r\nhost: x\r\na: ${'b'.repeat(MiB)}\r\n\r\n`,
      'BREW /v1/version HTTP/1.1\r\nhost: x\r\n\r\n',
      'CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n',
      'TRACE /v1/version HTTP/1.1\r\nhost: x\r\n\r\n',
    ]) {
      const { statuses, isClosed, text } = await rawly(daemon.socket, bytes)
      const [status = null] = statuses
      assert.ok(isClosed || status !== null, `${bytes.slice(0, 40)} hangs`)
      if (status !== null)
        assert.ok(status >= 400 && status < 500, `${bytes.slice(0, 40)}: ${text.slice(0, 200)}`)
    }
    await isWell()
  })

  it('A1 an upgrade is not taken up', async () => {
    for (const protocol of ['tcp', 'websocket', 'h2c']) {
      const upgrade = `GET /v1/version HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: ${protocol}\r\n\r\n`
      const { statuses } = await rawly(daemon.socket, upgrade)
      assert.deepEqual(statuses, [200], protocol)
    }
  })
})

describe('A2 what is decided upon is what is done', () => {
  it('A2 a body that is too long to be read is not half read', async () => {
    const position = await head()
    const wish = json({ container: 'web', force: true })
    for (const body of [
      `${wish}${' '.repeat(MiB)}`,
      `${' '.repeat(MiB)}${wish}`,
      json({ container: 'web', force: true, padding: 'x'.repeat(MiB) }),
    ]) {
      const whole = await rawly(
        daemon.socket,
        post('remove-container', [`content-length: ${body.length}`], body),
      )
      isCutOff(whole)
      const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
      const sent = await rawly(
        daemon.socket,
        post('remove-container', ['transfer-encoding: chunked'], chunked),
      )
      isCutOff(sent)
    }
    assert.equal(await head(), position)
  })

  it('A2 a body that its length leaves out is not read, and is no request of its own', async () => {
    const position = await head()
    const wish = json({ container: 'web', force: true })
    const { statuses } = await rawly(daemon.socket, post('remove-container', ['content-length: 0'], wish), 2)
    assert.deepEqual(new Set(statuses), new Set([400]))
    assert.equal(await head(), position)
  })

  it('A2 a field that comes twice, or by way of a prototype, means one thing to all', async () => {
    const twice = '{"container":"nobody","container":"web","signal":"SIGCONT"}'
    const done = await daemon.command('kill-container', twice)
    assert.equal(done.status, 200, done.text)
    assert.equal((done.body as Operation).subject.id, web)
    for (const body of [
      '{"__proto__":{"container":"web"}}',
      '{"container":"nobody","__proto__":{"container":"web"}}',
      '{"constructor":{"prototype":{"container":"web"}}}',
      '[{"container":"web"}]',
      '{"container":["web"]}',
      '{"container":{"toString":"web"}}',
      '{"CONTAINER":"web"}',
      '{"container\\u0000":"web"}',
      `${'['.repeat(100_000)}`,
      `{"container":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`,
    ]) {
      const reply = await daemon.command('kill-container', body)
      assert.equal(reply.status, 400, `${body.slice(0, 60)}: ${reply.text.slice(0, 300)}`)
      assert.ok(reply.text.length < 4_000)
    }
  })

  it('A2 who asks is who the kernel says, whatever the headers say', async () => {
    const reply = await daemon.command(
      'kill-container',
      { container: 'web', signal: 'SIGCONT' },
      {
        'x-forwarded-user': 'nobody',
        'x-forwarded-for': '10.0.0.1',
        authorization: 'Basic bm9ib2R5Og==',
        from: 'nobody@example.com',
        forwarded: 'for=nobody',
      },
    )
    const { id } = reply.body as Operation
    const events = await daemon.ask('GET', `/v1/events?correlation=${encodeURIComponent(id)}`)
    const [first] = (events.body as Readonly<{ items: ReadonlyArray<Json> }>).items
    const { uid, pid } = (first as Json)['actor'] as Readonly<{ uid: number; pid: number }>
    assert.deepEqual({ uid, pid }, { uid: process.getuid?.(), pid: process.pid })
  })

  it('A2 a path means one route, however it is written, and a method is not overridden', async () => {
    const position = await head()
    for (const path of [
      '/v1/commands/../commands/kill-container',
      '/v1/containers/..%2fcommands%2fkill-container',
      '/v1//commands/kill-container',
      '//v1/commands/kill-container',
      '/v1/commands/kill-container/',
      '/v1/commands/kill-container%00',
      '/v1/commands/kill-container;x',
      '/V1/commands/kill-container',
      '/v1/commands/KILL-container',
      '/v1/commands/kill%2dcontainer%2f',
      '/v1/./commands/kill-container',
    ]) {
      const reply = await daemon.ask('POST', path, kill)
      assert.ok([400, 404, 405].includes(reply.status), `${path}: ${reply.text}`)
    }
    const override = { 'x-http-method-override': 'POST', 'x-method-override': 'POST', _method: 'POST' }
    assert.equal((await daemon.ask('GET', '/v1/commands/kill-container', undefined, override)).status, 405)
    assert.equal((await daemon.ask('GET', '/v1/commands/kill-container', kill, override)).status, 400)
    assert.equal(await head(), position)
  })

  it('A2 a key is for the body that it came with', async () => {
    const key = { 'idempotency-key': 'a2' }
    const first = await daemon.command('kill-container', { container: 'web', signal: 'SIGCONT' }, key)
    assert.equal(first.status, 200)
    const other = await daemon.command('kill-container', { container: 'web', signal: 'SIGKILL' }, key)
    assert.equal(other.status, 409)
    assert.equal((other.body as Json)['reason'], 'idempotency-key-reused')
  })
})

describe('A3 connections that only sit there', () => {
  const waiting = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nhost: x\r\n${headers}\r\n`
  const upload = (path: string) =>
    `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\ntransfer-encoding: chunked\r\n\r\n`

  it('A3 a thousand of them, left in every way, leave no descriptor, and no memory', {
    timeout: 120_000,
  }, async () => {
    const run = await daemon.command('run-container', {
      image: busybox.name,
      name: 'reader',
      args: ['sleep', '1000'],
      stdin: true,
    })
    assert.equal(run.status, 200, run.text)
    const started = await daemon.command('exec-container', {
      container: 'web',
      args: ['sleep', '1000'],
      stdin: true,
    })
    const exec = (started.body as Operation).subject.id
    const kinds = [
      '',
      'GET /v1/version HTTP/1.1\r\nhost: ',
      post('kill-container', ['content-length: 100'], '{'),
      waiting('/v1/events', 'accept: text/event-stream\r\n'),
      waiting('/v1/events?since=1h&type=ContainerExited', 'accept: text/event-stream\r\n'),
      waiting('/v1/progress'),
      waiting('/v1/containers/web/output?follow=true'),
      waiting('/v1/containers/web/wait'),
      waiting(`/v1/execs/${exec}/output`),
      waiting(`/v1/execs/${exec}/wait`),
      upload('/v1/containers/reader/input'),
      upload(`/v1/execs/${exec}/input`),
      post(
        'stop-container',
        ['prefer: wait=3600', 'content-length: 37'],
        '{"container":"reader","timeout":86400}'.slice(0, 37),
      ),
    ]
    const crowd = async (count: number) => {
      const connections = []
      for (let i = 0; i < count; i++) {
        const connection = await rawConnection(daemon.socket)
        await connection.send(kinds[i % kinds.length] as string)
        connections.push(connection)
      }
      await sleep(300)
      let most = descriptors()
      // A busy daemon takes its time to accept them all.
      for (let i = 0; i < 200 && most < base.descriptors + count * 0.9; i++) {
        await sleep(50)
        most = Math.max(most, descriptors())
      }
      for (const [i, { socket }] of connections.entries()) {
        const way = Math.floor(i / kinds.length) % 3
        if (way === 0) socket.end()
        // What was not read makes the kernel say ECONNRESET instead of an end.
        else if (way === 1) socket.pause().destroy()
        else socket.end(() => socket.destroy())
      }
      await sleep(300)
      for (const { socket } of connections) socket.destroy()
      for (let i = 0; i < 100 && descriptors() > base.descriptors; i++) await sleep(50)
      return most
    }
    const base = { descriptors: descriptors() }
    // What is made once for all that comes after is made by now.
    await crowd(100)
    base.descriptors = descriptors()
    const before = { place: census({ root: daemon.state, pid: daemon.pid() }), rss: rss() }
    const most = await crowd(1_000)
    assert.ok(most > base.descriptors + 900, `${most} descriptors for a thousand connections`)
    const after = census({ root: daemon.state, pid: daemon.pid() })
    assertSame({ ...before.place, descriptors: [] }, { ...after, descriptors: [] })
    for (let i = 1; i < runs(2, 20); i++) await crowd(1_000)
    // There may be fewer: what the first crowd had opened may have taken its time to go.
    assert.ok(descriptors() <= base.descriptors, `${descriptors()} descriptors, ${base.descriptors} before`)
    const grown = rss() - before.rss
    assert.ok(grown < 96 * MiB, `${Math.round(grown / MiB)} MiB more`)
    await isWell()
    assert.equal((await daemon.command('remove-container', { container: 'reader', force: true })).status, 200)
  })
})

describe('A6 names in paths and bodies', () => {
  const names = [
    '..',
    '%2e%2e%2f',
    '..%2f..%2fetc',
    '⛵',
    'x'.repeat(4_000),
    'a b',
    '%00',
    '*',
    '{{.}}',
    "'",
    '%ff',
    'web%0a',
    'WEB',
    'we',
  ]

  it('A6 that are nobody’s are not found, in every place where one may stand', async () => {
    const position = await head()
    for (const name of names) {
      for (const path of ['', '/history', '/why', '/wait', '/output'])
        for (const written of [name, encodeURIComponent(name)]) {
          const raw = Buffer.from(
            `GET /v1/containers/${written}${path} HTTP/1.1\r\nhost: x\r\n\r\n`.replaceAll('a b', 'a%20b'),
          )
          const { statuses, text } = await rawly(daemon.socket, raw)
          assert.ok([400, 404].includes(statuses[0] ?? 0), `${written}${path}: ${text.slice(0, 300)}`)
        }
      const { status } = await daemon.command('remove-container', { container: name, force: true })
      assert.equal(status, 404, name)
    }
    for (const length of [4_097, 8_000]) {
      const { status } = await daemon.ask('GET', `/v1/containers/${'x'.repeat(length)}`)
      assert.ok([400, 404, 414, 431].includes(status), `${status}`)
    }
    assert.equal(
      (
        await daemon
          .ask('GET', `/v1/containers/${'x'.repeat(65_536)}`)
          .catch((): Reply => ({ status: 431, headers: {}, body: null, text: '' }))
      ).status,
      431,
    )
    assert.equal(await head(), position)
    await isWell()
  })

  it('A6 a name that is the beginning of another’s id means the one that has the name', async () => {
    const prefix = web.slice(0, 8)
    const made = await daemon.command('create-container', {
      image: busybox.name,
      name: prefix,
      args: ['true'],
    })
    assert.equal(made.status, 200, made.text)
    const named = (made.body as Operation).subject.id
    const found = async (reference: string) =>
      ((await daemon.ask('GET', `/v1/containers/${reference}`)).body as Readonly<{ id: string }>).id
    assert.equal(await found(prefix), named)
    assert.equal(await found(web.slice(0, 9)), web)
    assert.equal(await found(web), web)
    assert.equal((await daemon.command('remove-container', { container: prefix })).status, 200)
    // Now that nobody who is there has the name, it is the beginning of an id again.
    assert.equal(await found(prefix), web)
    assert.equal(await found(named), named)
  })

  it('A6 a name that is another’s whole id does not hide that one', async () => {
    const made = await daemon.command('create-container', { image: busybox.name, name: web, args: ['true'] })
    assert.equal(made.status, 200, made.text)
    const found = await daemon.ask('GET', `/v1/containers/${web}`)
    assert.equal((found.body as Json)['name'], 'web')
    const { id } = (made.body as Operation).subject
    assert.equal((await daemon.command('remove-container', { container: id })).status, 200)
  })
})

describe('A11 one name for many', () => {
  it('A11 of a hundred at once one gets it, the others hear whose it is, and leave nothing', {
    timeout: 120_000,
  }, async () => {
    const look = () => {
      const { files, ...rest } = census({ root: daemon.state, pid: daemon.pid() })
      return { ...rest, files: files.filter(path => !path.endsWith('.log')), descriptors: [] }
    }
    const kept = () =>
      ['snapshots/active', 'bundles', 'environments', 'containers'].flatMap(name => {
        const path = join(daemon.root, name)
        return existsSync(path) ? readdirSync(path).map(each => `${name}/${each}`) : []
      })
    const before = { place: look(), kept: kept() }
    for (let round = 0; round < runs(1, 20); round++) {
      const replies = await Promise.all(
        Array.from({ length: 100 }, (_, i) =>
          daemon.command('create-container', {
            image: busybox.name,
            name: 'only',
            args: ['true'],
            env: [`SECRET=${i}`],
          }),
        ),
      )
      const statuses = replies.map(({ status }) => status)
      assert.equal(statuses.filter(status => status === 200).length, 1, statuses.join(' '))
      assert.ok(
        statuses.every(status => status === 200 || status === 409),
        statuses.join(' '),
      )
      for (const { status, body } of replies)
        if (status === 409) assert.equal((body as Json)['reason'], 'container-name-taken')
      // Those that lost remove themselves; that may take a moment longer than to hear of it.
      const names = async () => {
        const { body } = await daemon.ask('GET', '/v1/containers?all=true')
        const { items } = body as Readonly<{ items: ReadonlyArray<Json> }>
        return items
          .map(({ name, status }) => `${String(name)} ${String(status)}`)
          .filter(name => !name.startsWith('web'))
      }
      for (let i = 0; i < 100 && (await names()).length > 1; i++) await sleep(50)
      assert.deepEqual(await names(), ['only created'])
      assert.equal((await daemon.command('remove-container', { container: 'only' })).status, 200)
    }
    assertSame(before.place, look())
    assert.deepEqual(kept(), before.kept)
  })
})
