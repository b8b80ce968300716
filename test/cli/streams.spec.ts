import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { asking, typed } from './support/asking.ts'
import { commandLine } from './support/command-line.ts'
import { container, containerId, event, operation } from './support/examples.ts'
import { fakeDaemon, frame, ok, output } from './support/fake-daemon.ts'
import type { Routes } from './support/fake-daemon.ts'

describe('exec', () => {
  const exec = 'e'.repeat(64)
  const routes: Routes = {
    'POST /v1/commands/exec-container': () => ok(operation({ subject: { kind: 'exec', id: exec } })),
    [`GET /v1/execs/${exec}/output`]: () => output(frame(1, 'out\n'), frame(2, 'err\n')),
    [`GET /v1/execs/${exec}/wait`]: () => ok({ exitCode: 5, lost: null }),
  }

  it('has the output and the exit code of the process', async () => {
    const { exitCode, out, err } = await asking(routes, {}, 'exec', 'web', 'false')
    assert.deepEqual({ exitCode, out, err }, { exitCode: 5, out: 'out\n', err: 'err\n' })
  })

  it('leaves the process to itself at the first Ctrl-C', async () => {
    await using daemon = await fakeDaemon({
      ...routes,
      [`GET /v1/execs/${exec}/output`]: () => (_, response) => {
        response.writeHead(200, { 'content-type': 'application/vnd.docker.multiplexed-stream' })
        response.write(frame(1, 'working\n'))
      },
    })
    const line = commandLine({ host: daemon.host })
    const ended = line.run('exec', 'web', 'sleep', '60')
    await line.said('working')
    line.signal('SIGINT')
    assert.equal(await ended, 130)
  })
})

describe('start and attach', () => {
  const running: Routes = {
    'POST /v1/commands/start-container': () =>
      ok(operation({ events: [event(15, 'ContainerStartRequested', { run: 2 })] })),
    'GET /v1/containers/web': () => ok(container({ run: 2, options: { stdin: true } })),
    'GET /v1/containers/done': () => ok(container({ name: 'done', status: 'exited' })),
    [`GET /v1/containers/${containerId}/output`]: () => output(frame(1, 'second run\n')),
    [`GET /v1/containers/${containerId}/wait`]: () => ok({ exitCode: 4, lost: null }),
  }

  it('show the output of the run that was started, and end as it ends', async () => {
    const { exitCode, out, asked } = await asking(running, {}, 'start', '-a', 'web')
    assert.deepEqual({ exitCode, out }, { exitCode: 4, out: 'second run\n' })
    assert.equal(
      asked.find(({ path }) => path.endsWith('/output'))?.query['since'],
      '2026-11-24T11:58:15.000Z',
    )
  })

  it('attach from now on, and hand input on where the container takes any', async () => {
    let hasInput = () => {}
    const given = new Promise<void>(resolve => {
      hasInput = resolve
    })
    const routes: Routes = {
      ...running,
      [`POST /v1/containers/${containerId}/input`]: () => (request, response) => {
        request.resume().on('end', () => {
          response.writeHead(204).end()
          hasInput()
        })
      },
      [`GET /v1/containers/${containerId}/output`]: () => (_, response) => {
        response.writeHead(200, { 'content-type': 'application/vnd.docker.multiplexed-stream' })
        void given.then(() => response.end(frame(1, 'read all\n')))
      },
    }
    const stdin = new PassThrough()
    stdin.end('hello\n')
    const { exitCode, out, asked } = await asking(routes, { stdin }, 'attach', 'web')
    assert.deepEqual({ exitCode, out }, { exitCode: 4, out: 'read all\n' })
    assert.equal(asked.find(({ path }) => path.endsWith('/output'))?.query['tail'], '0')
  })

  it('do not attach to what does not run', async () => {
    const { exitCode, err } = await asking(running, {}, 'attach', 'done')
    assert.equal(exitCode, 125)
    assert.match(err, /done does not run: it is exited\ntry: shiplog start -a done/)
  })
})

describe('logs', () => {
  it('keep the streams apart and ask for what was asked for', async () => {
    const { out, err, asked } = await asking(
      { 'GET /v1/containers/web/output': () => output(frame(1, 'o\n'), frame(2, 'e\n')) },
      {},
      ...typed('logs -ft --since -10m --until now -n 5 web'),
    )
    assert.deepEqual({ out, err }, { out: 'o\n', err: 'e\n' })
    assert.deepEqual(asked.find(({ path }) => path.endsWith('/output'))?.query, {
      follow: 'true',
      since: '-10m',
      until: 'now',
      tail: '5',
      timestamps: 'true',
    })
  })
})
