import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { commandLine, shiplog } from './support/command-line.ts'
import { containerId, operation } from './support/examples.ts'
import { fakeDaemon, frame, ok, output, problem } from './support/fake-daemon.ts'
import { until } from './support/until.ts'
import type { Routes } from './support/fake-daemon.ts'

const container = `/v1/containers/${containerId}`

const ending = (exitCode: number | null, lost: string | null = null): Routes => ({
  'POST /v1/commands/run-container': () => ok(operation()),
  [`GET ${container}/output`]: () => output(frame(1, 'to stdout\n'), frame(2, 'to stderr\n')),
  [`GET ${container}/wait`]: () => ok({ exitCode, lost, signal: null, oomKilled: false }),
})

describe('running a container', () => {
  it('keeps stdout and stderr apart and ends with the exit code of the container', async () => {
    await using daemon = await fakeDaemon(ending(7))
    const result = await shiplog({ host: daemon.host }, 'run', '--rm', 'alpine', 'sh', '-c', 'exit 7')
    assert.deepEqual(result, { exitCode: 7, out: 'to stdout\n', err: 'to stderr\n' })
  })

  it('asks for all of it with three requests on one connection', async () => {
    await using daemon = await fakeDaemon(ending(0))
    await shiplog({ host: daemon.host }, 'run', '--rm', 'alpine', 'true')
    assert.deepEqual(
      daemon.asked.map(({ method, path }) => `${method} ${path}`),
      ['POST /v1/commands/run-container', `GET ${container}/output`, `GET ${container}/wait`],
    )
    const [first] = daemon.asked
    assert.deepEqual(first?.body, { image: 'alpine', autoRemove: true, args: ['true'] })
    assert.equal(first?.query['until'], 'started')
    assert.match(first?.headers['prefer'] as string, /^wait=/)
  })

  it('leaves all after the image to the command in the container', async () => {
    await using daemon = await fakeDaemon(ending(0))
    await shiplog({ host: daemon.host }, 'run', '-e', 'A=1', 'alpine', 'ls', '--rm', '-e', '--', '--help')
    assert.deepEqual(daemon.asked[0]?.body, {
      image: 'alpine',
      env: ['A=1'],
      args: ['ls', '--rm', '-e', '--', '--help'],
    })
  })

  it('prints the id in the background and waits for nothing more', async () => {
    await using daemon = await fakeDaemon(ending(0))
    const result = await shiplog({ host: daemon.host }, 'run', '-d', 'alpine')
    assert.deepEqual(result, { exitCode: 0, out: `${containerId}\n`, err: '' })
    assert.equal(daemon.asked.length, 1)
  })

  for (const exitCode of [125, 126, 127]) {
    it(`exits ${exitCode} because that was recorded, whatever the text says`, async () => {
      await using daemon = await fakeDaemon({
        'POST /v1/commands/run-container': () =>
          problem(409, 'container-start-failed', 'nope: not found', { exitCode, try: 'shiplog why web' }),
      })
      const result = await shiplog({ host: daemon.host }, 'run', 'alpine', 'nope')
      assert.deepEqual(result, { exitCode, out: '', err: 'shiplog: nope: not found\ntry: shiplog why web\n' })
    })
  }

  it('says of an end that nobody saw that it was not seen', async () => {
    await using daemon = await fakeDaemon(ending(null, 'host-restarted'))
    const { exitCode, err } = await shiplog({ host: daemon.host }, 'run', 'alpine')
    assert.equal(exitCode, 125)
    assert.match(err, /nobody saw the end of web: the host went down; so there is no exit code/)
  })

  it('hands its input on until it ends', async () => {
    let received = ''
    await using daemon = await fakeDaemon({
      ...ending(0),
      [`POST ${container}/input`]: () => (request, response) => {
        request.on('data', (chunk: Buffer) => (received += chunk.toString()))
        request.on('end', () => response.writeHead(204).end())
      },
      [`GET ${container}/output`]: () => (_, response) => {
        response.writeHead(200, { 'content-type': 'application/vnd.docker.multiplexed-stream' })
        const check = setInterval(() => {
          if (received !== 'one\ntwo\n') return
          clearInterval(check)
          response.end(frame(1, 'read\n'))
        }, 5)
      },
    })
    const stdin = new PassThrough()
    const line = commandLine({ host: daemon.host, stdin })
    const ended = line.run('run', '-i', 'alpine', 'cat')
    stdin.write('one\n')
    stdin.end('two\n')
    assert.equal(await ended, 0)
    assert.equal(line.written.out, 'read\n')
    assert.deepEqual(daemon.asked[0]?.body, { image: 'alpine', args: ['cat'], stdin: true })
  })

  it('leaves a terminal to itself when the detach keys are typed, and sets ours back', async () => {
    let typed = ''
    await using daemon = await fakeDaemon({
      ...ending(0),
      [`POST ${container}/input`]: () => request =>
        request.on('data', (chunk: Buffer) => (typed += chunk.toString('latin1'))),
      [`POST ${container}/resize`]: () => ok({}),
      [`GET ${container}/output`]: () => (_, response) => {
        response.writeHead(200, { 'content-type': 'application/vnd.docker.raw-stream' })
        response.write('/ # ')
      },
    })
    const stdin = new PassThrough()
    const line = commandLine({
      host: daemon.host,
      stdin,
      terminals: ['stdin', 'stdout', 'stderr'],
      size: { rows: 24, columns: 80 },
    })
    const ended = line.run('run', '-it', 'alpine', 'sh')
    await line.said('/ # ')
    assert.ok(line.isRaw())
    stdin.write('ls\x10')
    stdin.write('x\x10\x11')
    assert.equal(await ended, 0)
    assert.match(line.written.err, /detached from web; it goes on/)
    assert.equal(line.isRaw(), false)
    await until(() => typed === 'ls\x10x')
    assert.deepEqual(daemon.asked[0]?.body, {
      image: 'alpine',
      args: ['sh'],
      terminal: true,
      stdin: true,
      consoleSize: { rows: 24, columns: 80 },
    })
    assert.ok(
      daemon.asked.some(
        ({ path, body }) => path.endsWith('/resize') && (body as { rows: number }).rows === 24,
      ),
    )
  })

  it('hands signals on, and leaves at the second Ctrl-C', async () => {
    await using daemon = await fakeDaemon({
      ...ending(0),
      'POST /v1/commands/kill-container': () => ok(operation()),
      [`GET ${container}/output`]: () => (_, response) => {
        response.writeHead(200, { 'content-type': 'application/vnd.docker.multiplexed-stream' })
        response.write(frame(1, 'working\n'))
      },
    })
    const line = commandLine({ host: daemon.host })
    const ended = line.run('run', 'alpine', 'sleep', '60')
    await line.said('working')
    line.signal('SIGTERM')
    line.signal('SIGINT')
    line.signal('SIGINT')
    assert.equal(await ended, 130)
    assert.match(line.written.err, /left web to itself; end it with: shiplog stop web/)
  })

  it('fetches an image that is not there and then runs it', async () => {
    let isThere = false
    await using daemon = await fakeDaemon({
      ...ending(0),
      'POST /v1/commands/run-container': () =>
        isThere ? ok(operation()) : problem(404, 'image-not-found', 'there is no image alpine'),
      'POST /v1/commands/pull-image': () => {
        isThere = true
        return ok(operation({ command: 'pull-image', subject: { kind: 'pull', id: 'pull-1' } }))
      },
      'GET /v1/progress': () => (_, response) =>
        response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders(),
    })
    const { exitCode, out, err } = await shiplog({ host: daemon.host }, 'run', '--rm', 'alpine', 'true')
    assert.deepEqual({ exitCode, out }, { exitCode: 0, out: 'to stdout\n' })
    assert.match(err, /^pulling alpine\n/)
  })

  it('fetches nothing with --pull never', async () => {
    await using daemon = await fakeDaemon({
      'POST /v1/commands/run-container': () => problem(404, 'image-not-found', 'there is no image alpine'),
    })
    const result = await shiplog({ host: daemon.host }, 'run', '--pull', 'never', 'alpine')
    assert.deepEqual(result, { exitCode: 125, out: '', err: 'shiplog: there is no image alpine\n' })
  })
})
