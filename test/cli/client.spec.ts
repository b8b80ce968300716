import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { daemonAt } from '../../src/cli/client/daemon.ts'
import { defaultSocket, endpointOf, unreachable } from '../../src/cli/client/endpoint.ts'
import { MalformedResponse, responseParser } from '../../src/cli/client/response-parser.ts'
import { serverSentEvents } from '../../src/cli/client/server-sent-events.ts'
import { Failure, Refused } from '../../src/cli/failure.ts'
import { connect } from '../../src/cli/http.ts'
import { operation } from './support/examples.ts'
import { fakeDaemon, ok, problem } from './support/fake-daemon.ts'

/** What a parser hears of bytes that come in these pieces. */
const heard = (pieces: ReadonlyArray<Buffer>, closes = false) => {
  const answers: Array<{ status: number; body: string; isWhole: boolean }> = []
  const parser = responseParser({
    head: ({ status }) => answers.push({ status, body: '', isWhole: false }),
    data: chunk => {
      const last = answers.at(-1)
      if (last !== undefined) last.body += chunk.toString('latin1')
    },
    end: () => {
      const last = answers.at(-1)
      if (last !== undefined) last.isWhole = true
    },
  })
  for (const piece of pieces) parser.feed(piece)
  if (closes) parser.close()
  return answers
}

const stream = [
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\nA\r\n, to chunks\r\n0\r\nTrailer: yes\r\n\r\n'.replace(
    'A\r\n',
    'b\r\n',
  ),
  'HTTP/1.1 204 No Content\r\n\r\n',
  'HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n',
].join('')

const whole = [
  { status: 200, body: 'hello', isWhole: true },
  { status: 200, body: 'hello, to chunks', isWhole: true },
  { status: 204, body: '', isWhole: true },
  { status: 404, body: '', isWhole: true },
]

describe('the parser of responses', () => {
  it('hears the same in whatever pieces it comes', () =>
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 20 }), cuts => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), stream.length]
        const pieces = at.slice(1).map((end, i) => Buffer.from(stream.slice(at[i], end), 'latin1'))
        assert.deepEqual(heard(pieces), whole)
      }),
    ))

  it('takes a body without a length up to the end of the connection', () =>
    assert.deepEqual(heard([Buffer.from('HTTP/1.1 200 OK\r\n\r\nall'), Buffer.from(' of it')], true), [
      { status: 200, body: 'all of it', isWhole: true },
    ]))

  for (const [what, text] of [
    ['something else than HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['a length that is none', 'HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n'],
    ['a chunk without a size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nhello\r\n'],
    ['a header that is none', 'HTTP/1.1 200 OK\r\nnonsense\r\n\r\n'],
  ] as const)
    it(`refuses ${what}`, () => assert.throws(() => heard([Buffer.from(text)]), MalformedResponse))
})

describe('a connection', () => {
  it('answers requests that were sent together in their order', async () => {
    await using daemon = await fakeDaemon({
      'GET /slow': () => (_, response) => setTimeout(() => response.end('"slow"'), 30),
      'GET /quick': () => ok('quick'),
    })
    const asking = daemonAt(endpointOf(daemon.host, {}))
    const order: Array<string> = []
    await Promise.all([
      asking.get<string>('/slow').then(answer => order.push(answer)),
      asking.get<string>('/quick').then(answer => order.push(answer)),
    ])
    asking.close()
    assert.deepEqual(order, ['slow', 'quick'])
  })

  it('gives a body as it comes, before its end', async () => {
    await using daemon = await fakeDaemon({
      'GET /stream': () => (_, response) => {
        response.writeHead(200).write('first')
        setTimeout(() => response.end('second'), 20)
      },
    })
    const connection = connect(endpointOf(daemon.host, {}))
    const { body } = await connection.request({ method: 'GET', path: '/stream' })
    const chunks: Array<string> = []
    for await (const chunk of body) chunks.push(chunk.toString())
    connection.close()
    assert.deepEqual(chunks, ['first', 'second'])
  })

  it('carries a body of many megabytes for a reader that takes its time', async () => {
    const megabyte = Buffer.alloc(1024 * 1024, 'x')
    await using daemon = await fakeDaemon({
      'GET /much': () => (_, response) => {
        for (let i = 0; i < 8; i += 1) response.write(megabyte)
        response.end()
      },
    })
    const connection = connect(endpointOf(daemon.host, {}))
    const { body } = await connection.request({ method: 'GET', path: '/much' })
    let size = 0
    for await (const chunk of body) {
      size += chunk.length
      if (size % 7 === 0) await new Promise(resolve => setTimeout(resolve, 1))
    }
    connection.close()
    assert.equal(size, 8 * 1024 * 1024)
  })

  it('says that it was lost where the daemon goes away before it has answered', async () => {
    await using daemon = await fakeDaemon({ 'GET /gone': () => (_, response) => response.destroy() })
    const asking = daemonAt(endpointOf(daemon.host, {}))
    await assert.rejects(asking.get('/gone'), /was lost before it had answered/)
    await assert.rejects(asking.get('/gone'), /was lost before it had answered/)
  })

  it('says so where somebody else answers', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'shiplog-cli-'))
    const server = createServer(socket => socket.end('SSH-2.0-OpenSSH_9.2\r\n\r\n'))
    const path = join(directory, 'sock')
    await new Promise<void>(resolve => server.listen(path, resolve))
    try {
      await assert.rejects(
        daemonAt(endpointOf(path, {})).get('/v1/info'),
        /does not answer as a shiplog daemon does/,
      )
    } finally {
      server.close()
      rmSync(directory, { recursive: true })
    }
  })
})

describe('a command to the daemon', () => {
  it('is asked for again under the same key when the wait ran out', async () => {
    let times = 0
    await using daemon = await fakeDaemon({
      'POST /v1/commands/stop-container': () => {
        times += 1
        return times < 2 ? { status: 202, json: operation({ status: 'running' }) } : ok(operation())
      },
    })
    const asking = daemonAt(endpointOf(daemon.host, {}))
    assert.equal((await asking.command('stop-container', { container: 'web' })).status, 'succeeded')
    asking.close()
    const keys = daemon.asked.map(({ headers }) => headers['idempotency-key'])
    assert.equal(keys.length, 2)
    assert.equal(keys[0], keys[1])
  })

  it('fails with what the daemon says, and with its advice', async () => {
    await using daemon = await fakeDaemon({
      'POST /v1/commands/remove-container': () =>
        problem(409, 'container-running', 'web is running', { try: 'shiplog rm -f web' }),
    })
    const asking = daemonAt(endpointOf(daemon.host, {}))
    const refusal = await asking
      .command('remove-container', { container: 'web' })
      .catch((error: unknown) => error)
    asking.close()
    assert.ok(refusal instanceof Refused)
    assert.equal(refusal.message, 'web is running')
    assert.equal(refusal.advice, 'shiplog rm -f web')
    assert.equal(refusal.exitCode, 125)
    assert.equal(refusal.problem.reason, 'container-running')
  })
})

describe('the address of the daemon', () => {
  it('is that of the flag, else of SHIPLOG_HOST, else the default, and says why', () => {
    const env = { SHIPLOG_HOST: 'unix:///b' }
    assert.deepEqual(endpointOf('unix:///a', env), {
      address: { path: '/a' },
      name: 'unix:///a',
      why: '--host',
    })
    assert.equal(endpointOf(undefined, env).why, 'SHIPLOG_HOST')
    assert.deepEqual(endpointOf(undefined, {}).address, { path: defaultSocket })
  })

  it('may be a host and a port', () => {
    assert.deepEqual(endpointOf('http://127.0.0.1:2375', {}).address, { host: '127.0.0.1', port: 2375 })
    assert.deepEqual(endpointOf('tcp://[::1]:2375/', {}).address, { host: '::1', port: 2375 })
  })

  for (const host of ['', 'web', 'unix://relative', 'https://host:1', 'http://host', 'http://host:99999'])
    it(`refuses "${host}"`, () => assert.throws(() => endpointOf(host, {}), Failure))
})

describe('a daemon that cannot be reached', () => {
  const endpoint = endpointOf('/no/such', {})

  it('does not run where there is no socket, and here is how to start it', () => {
    const { message, advice } = unreachable(endpoint, 'ENOENT')
    assert.match(message, /^the daemon does not run: there is no socket unix:\/\/\/no\/such/)
    assert.match(advice ?? '', /systemctl start shiplog/)
  })

  it('does not run where nobody listens', () =>
    assert.match(unreachable(endpoint, 'ECONNREFUSED').message, /nobody listens/))

  it('names the group to join where the socket is not for this user, and never chmod', () => {
    const directory = mkdtempSync(join(tmpdir(), 'shiplog-cli-'))
    try {
      const path = join(directory, 'sock')
      writeFileSync(path, '')
      chmodSync(path, 0o660)
      const { message, advice } = unreachable(endpointOf(path, {}), 'EACCES')
      assert.match(message, /may not be opened by this user/)
      assert.match(advice ?? '', /usermod -aG \w+ "\$USER"|run it as root/)
      assert.doesNotMatch(message + advice, /chmod/)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})

describe('server-sent events', () => {
  const text =
    ': heartbeat\n\nid: 7\nevent: ContainerExited\ndata: {"a":\ndata: 1}\n\ndata: plain\r\n\r\nevent: nothing\n\n'
  const told = [
    { event: 'ContainerExited', data: '{"a":\n1}', id: '7' },
    { event: 'message', data: 'plain', id: '7' },
  ]

  it('are the same in whatever pieces they come', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.nat(text.length), { maxLength: 12 }), async cuts => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), text.length]
        const pieces = at.slice(1).map((end, i) => Buffer.from(text.slice(at[i], end)))
        const events = []
        // oxlint-disable-next-line typescript/await-thenable -- an array stands for a body
        for await (const event of serverSentEvents(streamOf(pieces))) events.push(event)
        assert.deepEqual(events, told)
      }),
    ))

  async function* streamOf(pieces: ReadonlyArray<Buffer>) {
    yield* pieces
  }
})
