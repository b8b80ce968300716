import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { listenOn } from '../../src/api/server.ts'
import type { ContainerId } from '../../src/domain/kernel/identifiers.ts'
import { scratch } from '../support/scratch.ts'
import { trialApi } from './support/trial-api.ts'
import type { Reply, TrialApi } from './support/trial-api.ts'

type Json = Readonly<Record<string, unknown>>

const image = 'alpine:3.20'
const items = ({ body }: Reply) => body['items'] as ReadonlyArray<Json>
const names = (reply: Reply) => items(reply).map(({ name }) => name)

const run = async (api: TrialApi, body: object = {}) => {
  const {
    body: operation,
    status,
    text,
  } = await api.command('run-container', { image, name: 'web', ...body })
  assert.equal(status, 200, text)
  return (operation['subject'] as Json)['id'] as ContainerId
}

const ended = async (api: TrialApi, id: ContainerId, exitCode: number, signal: number | null = null) => {
  const from = api.log.head()
  api.end(id, api.exited(exitCode, signal))
  await api.until('ContainerExited', from)
}

describe('containers', () => {
  it('are listed as they are, and as they were', async () => {
    await using api = trialApi()
    await api.withImage()
    const nothing = await api.get('/v1/containers')
    assert.deepEqual(items(nothing), [])
    const before = nothing.body['position'] as number
    const id = await run(api)
    await api.command('create-container', { image, name: 'still' })
    assert.deepEqual(names(await api.get('/v1/containers')), ['web'])
    assert.deepEqual(names(await api.get('/v1/containers?all=true')), ['still', 'web'])
    const running = (await api.get('/v1/containers?all')).body['position'] as number
    await ended(api, id, 0)
    await api.command('remove-container', { container: 'web' })
    assert.deepEqual(names(await api.get('/v1/containers?all=1')), ['still'])
    assert.deepEqual(names(await api.get('/v1/containers?all=true&removed=true')), ['still', 'web'])
    assert.deepEqual(names(await api.get(`/v1/containers?at=@${running}`)), ['web'])
    assert.deepEqual(names(await api.get(`/v1/containers?all=true&at=@${before}`)), [])
  })

  it('show who asked for them and what they were asked to be, but for what is secret', async () => {
    await using api = trialApi()
    await api.withImage()
    const id = await run(api, { env: ['TOKEN=hush'], labels: { a: 'b' }, args: ['sleep', '5'] })
    const { body, text } = await api.get('/v1/containers/web')
    assert.equal(body['id'], id)
    assert.equal(body['status'], 'running')
    assert.equal(body['pid'], 4242)
    assert.deepEqual(body['command'], ['sleep', '5'])
    assert.deepEqual(body['labels'], { a: 'b' })
    assert.equal((body['actor'] as Json)['user'], 'ana')
    assert.deepEqual((body['options'] as Json)['environment'], ['TOKEN'])
    assert.doesNotMatch(text + JSON.stringify(api.log.all()), /hush/)
    assert.deepEqual(api.kept.at(-1), { container: id, entries: ['TOKEN=hush'] })
  })

  it('are found by name, id, or the beginning of it, also when they are gone', async () => {
    await using api = trialApi()
    await api.withImage()
    const id = await run(api)
    for (const reference of ['web', id, id.slice(0, 20)])
      assert.equal((await api.get(`/v1/containers/${reference}`)).body['id'], id)
    await ended(api, id, 0)
    await api.command('remove-container', { container: 'web' })
    const { body } = await api.get('/v1/containers/web')
    assert.equal(body['status'], 'removed')
    assert.equal((body['removedBy'] as Json)['user'], 'ana')
  })

  it('have a history of all their streams, and of their names only what is theirs', async () => {
    await using api = trialApi()
    await api.withImage()
    const id = await run(api)
    await api.command('exec-container', { container: 'web', args: ['true'] })
    await api.until('ExecExited')
    await api.command('rename-container', { container: 'web', name: 'other' })
    await api.until('ContainerNameReleased')
    await run(api)
    const types = items(await api.get(`/v1/containers/${id}/history`)).map(({ type }) => type)
    for (const type of ['BundlePrepared', 'SnapshotPrepared', 'ExecStarted', 'ContainerRenamed'])
      assert.ok(types.includes(type), type)
    assert.equal(types.filter(type => type === 'ContainerNameReserved').length, 2)
    assert.equal(types.filter(type => type === 'ContainerNameReleased').length, 1)
    assert.equal(types[0], 'ContainerCreateRequested')
    const all = items(await api.get(`/v1/containers/${id}/history`)).map(({ position }) => position as number)
    assert.deepEqual(
      all,
      all.toSorted((a, b) => a - b),
    )
  })
})

describe('why', () => {
  const whyOf = async (api: TrialApi) => (await api.get('/v1/containers/web/why')).body

  it('a container ended is told in one sentence, and back to the person', async () => {
    await using api = trialApi()
    await api.withImage()
    const id = await run(api)
    assert.match(String((await whyOf(api))['sentence']), /^runs, as pid 4242/)
    await ended(api, id, 137, 9)
    const { sentence, chain } = await whyOf(api)
    assert.equal(sentence, 'exited 137: killed by SIGKILL, not asked for through shiplog, no OOM')
    const links = chain as ReadonlyArray<Json>
    assert.match(String(links[0]?.['explanation']), /^ana asked for web/)
    assert.equal(links[0]?.['afterMs'], null)
    assert.equal((links.at(-1)?.['event'] as Json | undefined)?.['type'], 'ContainerExited')
  })

  it('it was killed names who did it', async () => {
    await using api = trialApi()
    await api.withImage()
    const id = await run(api)
    await api.command('kill-container', { container: 'web' })
    await ended(api, id, 137, 9)
    assert.match(String((await whyOf(api))['sentence']), /SIGKILL, which ana sent through shiplog/)
  })

  it('it stopped names who asked', async () => {
    await using api = trialApi()
    await api.withImage()
    const id = await run(api)
    const stopped = api.command('stop-container', { container: 'web' })
    await api.until('ContainerStopRequested')
    api.end(id, api.exited(143, 15))
    assert.equal((await stopped).status, 200)
    assert.match(String((await whyOf(api))['sentence']), /SIGTERM, because ana asked it to stop/)
  })

  it('as of a moment knows nothing of what came later', async () => {
    await using api = trialApi()
    await api.withImage()
    const id = await run(api)
    const then = api.log.head()
    await ended(api, id, 0)
    assert.match(String((await api.get(`/v1/containers/web/why?at=@${then}`)).body['sentence']), /^runs/)
    assert.match(String((await whyOf(api))['sentence']), /^exited 0: it ended by itself/)
  })
})

describe('waiting for a container', () => {
  it('answers with the end of its run, when that comes or if it has', async () => {
    await using api = trialApi()
    await api.withImage()
    const id = await run(api)
    const waits = [api.get('/v1/containers/web/wait'), api.get(`/v1/containers/${id}/wait`)]
    await sleep(20)
    await ended(api, id, 3)
    const expected = {
      exitCode: 3,
      signal: null,
      oomKilled: false,
      exitedAt: '2026-11-24T10:00:00.000Z',
      lost: null,
    }
    for (const reply of [...(await Promise.all(waits)), await api.get('/v1/containers/web/wait')])
      assert.deepEqual(reply.body, expected)
  })

  it('says that nobody saw it, where nobody did', async () => {
    await using api = trialApi()
    await api.withImage()
    const id = await run(api)
    api.end(id, { kind: 'lost', because: 'monitor-died' })
    const { body } = await api.get('/v1/containers/web/wait')
    assert.equal(body['exitCode'], null)
    assert.equal(body['lost'], 'monitor-died')
  })

  it('does not wait for a container that never ran and is gone', async () => {
    await using api = trialApi()
    await api.withImage()
    await api.command('create-container', { image: 'alpine:3.20', name: 'web' })
    await api.until('ContainerCreated')
    const waiting = api.get('/v1/containers/web/wait')
    await sleep(20)
    await api.command('remove-container', { container: 'web' })
    for (const { body } of [await waiting, await api.get('/v1/containers/web/wait')]) {
      assert.equal(body['exitCode'], null)
      assert.equal(body['lost'], 'removed')
    }
  })
})

describe('output', () => {
  const at = '2026-11-24T10:00:00.000000000+00:00'
  const written = [
    { stream: 'stdout', at, bytes: Buffer.from('one\n') },
    { stream: 'stderr', at, bytes: Buffer.from('two\n') },
    { stream: 'stdout', at, bytes: Buffer.from('thr') },
    { stream: 'stdout', at, bytes: Buffer.from('ee\n') },
  ] as const
  const frame = (stream: number, text: string) =>
    Buffer.concat([Buffer.from([stream, 0, 0, 0, 0, 0, 0, text.length]), Buffer.from(text)])

  const outputOf = async (api: TrialApi, query = '') => {
    const reply = await api.app.inject({ url: `/v1/containers/web/output${query}` })
    return { type: reply.headers['content-type'], bytes: reply.rawPayload }
  }

  it('is framed as docker frames it', async () => {
    await using api = trialApi()
    await api.withImage()
    api.written.set(await run(api), written)
    const { type, bytes } = await outputOf(api)
    assert.equal(type, 'application/vnd.docker.multiplexed-stream')
    assert.deepEqual(
      bytes,
      Buffer.concat([frame(1, 'one\n'), frame(2, 'two\n'), frame(1, 'thr'), frame(1, 'ee\n')]),
    )
  })

  it('may be one stream only, and with the time of each line', async () => {
    await using api = trialApi()
    await api.withImage()
    api.written.set(await run(api), written)
    assert.deepEqual((await outputOf(api, '?stdout=false')).bytes, frame(2, 'two\n'))
    const { bytes } = await outputOf(api, '?stderr=false&timestamps=true')
    assert.deepEqual(
      bytes,
      Buffer.concat([
        frame(1, '2026-11-24T10:00:00.000000000Z one\n'),
        frame(1, '2026-11-24T10:00:00.000000000Z thr'),
        frame(1, 'ee\n'),
      ]),
    )
  })

  it('of a terminal comes as it is', async () => {
    await using api = trialApi()
    await api.withImage()
    api.written.set(await run(api, { terminal: true }), written.slice(0, 1))
    const { type, bytes } = await outputOf(api)
    assert.equal(type, 'application/vnd.docker.raw-stream')
    assert.deepEqual(bytes, Buffer.from('one\n'))
  })

  it('may be asked for since a moment of the history', async () => {
    await using api = trialApi()
    await api.withImage()
    api.written.set(await run(api), written)
    const reply = await api.get(
      `/v1/containers/web/output?since=@${api.log.head()}&until=now&tail=5&follow=true`,
    )
    assert.equal(reply.status, 200, reply.text)
  })
})

const listening = async (api: TrialApi) => {
  const directory = scratch('api')
  const path = join(directory.path, 'shiplog.sock')
  await listenOn(api.app, path, null)
  return { path, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() }
}

describe('output over a socket', () => {
  it('is read no faster than the client takes it, and let go of when it leaves', async () => {
    await using api = trialApi()
    await using socket = await listening(api)
    await api.withImage()
    const id = await run(api)
    let produced = 0
    let closed = false
    const bytes = Buffer.alloc(1 << 16, 'x')
    api.setOutput(id, async function* (signal) {
      try {
        while (!signal.aborted) {
          produced += 1
          yield { stream: 'stdout', at: null, bytes }
          await new Promise(resolve => setImmediate(resolve))
        }
      } finally {
        closed = true
      }
    })
    const client = connect(socket.path)
    client.write('GET /v1/containers/web/output?follow=true HTTP/1.1\r\nhost: x\r\n\r\n')
    client.pause()
    await sleep(200)
    const before = produced
    assert.ok(before < 40, `${before} pieces were read for nobody`)
    client.resume()
    await sleep(100)
    assert.ok(produced > before)
    client.destroy()
    for (let i = 0; !closed && i < 100; i++) await sleep(10)
    assert.ok(closed)
    assert.deepEqual(api.reports, [])
  })

  it('that waits for more is let go of too when the client leaves', async () => {
    await using api = trialApi()
    await using socket = await listening(api)
    await api.withImage()
    const id = await run(api)
    let closed = false
    api.setOutput(id, async function* (signal) {
      try {
        yield { stream: 'stdout', at: null, bytes: Buffer.from('x') }
        await once(signal, 'abort')
      } finally {
        closed = true
      }
    })
    const sent = request({ socketPath: socket.path, path: '/v1/containers/web/output?follow=true' })
    sent.on('error', () => {})
    sent.end()
    const [reply] = (await once(sent, 'response')) as [IncomingMessage]
    reply.on('error', () => {})
    reply.resume()
    await sleep(50)
    assert.ok(!closed)
    reply.destroy()
    for (let i = 0; !closed && i < 100; i++) await sleep(10)
    assert.ok(closed)
  })

  it('and its end may be asked for one after the other on one connection', async () => {
    await using api = trialApi()
    await using socket = await listening(api)
    await api.withImage()
    const id = await run(api)
    api.written.set(id, [{ stream: 'stdout', at: null, bytes: Buffer.from('bye\n') }])
    const client = connect(socket.path)
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`
    client.write(get('/v1/containers/web/output') + get('/v1/containers/web/wait'))
    let answer = ''
    client.on('data', chunk => {
      answer += String(chunk)
    })
    await sleep(50)
    await ended(api, id, 7)
    for (let i = 0; !answer.includes('exitCode') && i < 100; i++) await sleep(10)
    assert.ok(answer.indexOf('bye') < answer.indexOf('"exitCode":7'), answer)
    client.destroy()
  })
})

describe('input', () => {
  const post = (path: string, socketPath: string) =>
    request({
      socketPath,
      path,
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream', 'transfer-encoding': 'chunked' },
    })
  const readBy = (api: TrialApi) =>
    api.read.map(({ bytes }) => (typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString()))

  it('is passed on as it comes, and its end too', async () => {
    await using api = trialApi()
    await using socket = await listening(api)
    await api.withImage()
    await run(api, { stdin: true })
    const sent = post('/v1/containers/web/input', socket.path)
    sent.write('hello ')
    for (let i = 0; api.read.length === 0 && i < 100; i++) await sleep(10)
    assert.deepEqual(readBy(api), ['hello '])
    sent.end('world')
    const [reply] = (await once(sent, 'response')) as [IncomingMessage]
    assert.equal(reply.statusCode, 204)
    assert.equal(readBy(api).join('|'), 'hello |world|end')
  })

  it('of a client that went away in the middle stays open for the next', async () => {
    await using api = trialApi()
    await using socket = await listening(api)
    await api.withImage()
    await run(api, { stdin: true })
    const sent = post('/v1/containers/web/input', socket.path)
    sent.on('error', () => {})
    sent.write('half')
    for (let i = 0; api.read.length === 0 && i < 100; i++) await sleep(10)
    sent.destroy()
    for (let i = 0; api.read.length < 2 && i < 100; i++) await sleep(10)
    assert.deepEqual(readBy(api), ['half', 'left'])
    assert.deepEqual(api.reports, [])
  })

  it('with nothing in it is the end of the input', async () => {
    await using api = trialApi()
    await api.withImage()
    await run(api, { stdin: true })
    const reply = await api.ask('POST', '/v1/containers/web/input')
    assert.equal(reply.status, 204)
    assert.deepEqual(readBy(api), ['end'])
  })

  it('has a terminal whose size can be changed', async () => {
    await using api = trialApi()
    await api.withImage()
    const container = await run(api, { terminal: true })
    const size = { rows: 24, columns: 80 }
    assert.equal((await api.ask('POST', '/v1/containers/web/resize', { body: size })).status, 204)
    assert.deepEqual(api.kept.at(-1), { container, size })
  })
})

describe('a process in a container', () => {
  it('has its own output, input, size and end', async () => {
    await using api = trialApi()
    await api.withImage()
    const container = await run(api)
    const { body } = await api.command('exec-container', {
      container: 'web',
      args: ['env'],
      env: ['A=secret'],
      terminal: true,
    })
    const exec = (body['subject'] as Json)['id'] as string
    assert.deepEqual(body['outcome'], { exec, container, pid: 4343 })
    assert.ok(api.kept.some(kept => JSON.stringify(kept) === JSON.stringify({ exec, entries: ['A=secret'] })))
    api.written.set(exec, [{ stream: 'stdout', at: null, bytes: Buffer.from('A\n') }])
    assert.equal((await api.get(`/v1/execs/${exec}`)).body['container'], container)
    assert.equal((await api.get(`/v1/execs/${exec}/output`)).text, 'A\n')
    assert.equal((await api.get(`/v1/execs/${exec}/wait`)).body['exitCode'], 0)
    const size = { rows: 1, columns: 2 }
    assert.equal((await api.ask('POST', `/v1/execs/${exec}/resize`, { body: size })).status, 204)
    assert.deepEqual(api.kept.at(-1), { exec, size })
  })
})

describe('images', () => {
  it('are listed, shown, named and removed, now and as of then', async () => {
    await using api = trialApi()
    await api.withImage()
    const { body } = await api.get(`/v1/images/${image}`)
    assert.equal(body['name'], 'docker.io/library/alpine:3.20')
    assert.equal(body['familiar'], image)
    assert.equal(body['unpackedSize'], 20)
    for (const reference of [
      'docker.io/library/alpine:3.20',
      String(body['id']),
      String(body['id']).slice(7, 30),
    ])
      assert.equal((await api.get(`/v1/images/${reference}`)).body['id'], body['id'], reference)
    const then = api.log.head()
    await api.command('tag-image', { source: image, target: 'mine:1' })
    assert.deepEqual(
      items(await api.get('/v1/images')).map(({ familiar }) => familiar),
      [image, 'mine:1'],
    )
    assert.deepEqual(
      items(await api.get(`/v1/images?at=@${then}`)).map(({ familiar }) => familiar),
      [image],
    )
    const removed = await api.command('remove-image', { image: 'mine:1' })
    assert.equal(removed.status, 200, removed.text)
    assert.equal((await api.get('/v1/images/mine:1')).status, 404)
    assert.equal((await api.get('/v1/images/mine:1/history')).status, 200)
  })

  it('have a history of pulls and uses too', async () => {
    await using api = trialApi()
    await api.withImage()
    await run(api)
    const types = items(await api.get(`/v1/images/${image}/history`)).map(({ type }) => type)
    assert.deepEqual(types, [
      'ImagePullRequested',
      'ManifestResolved',
      'ImageNamed',
      'ImagePulled',
      'ContainerCreateRequested',
    ])
  })

  it('are pulled with credentials that nobody sees again', async () => {
    await using api = trialApi()
    const credential = { username: 'ana', password: 'hush' }
    const header = Buffer.from(JSON.stringify(credential)).toString('base64url')
    const { body } = await api.command(
      'pull-image',
      { reference: 'ghcr.io/o/app' },
      { 'registry-auth': header },
    )
    assert.deepEqual(api.kept, [{ operation: body['id'], registry: 'ghcr.io', credential }])
    assert.doesNotMatch(JSON.stringify(api.log.all()), /hush/)
  })
})

describe('what images and containers are made of', () => {
  it('can be looked at', async () => {
    await using api = trialApi()
    await api.withImage()
    const id = await run(api)
    const blobs = items(await api.get('/v1/content'))
    assert.equal(blobs.length, 4)
    const digest = String(blobs[0]?.['digest'])
    assert.equal((await api.get(`/v1/content/${digest}`)).body['digest'], digest)
    assert.ok(items(await api.get('/v1/snapshots')).some(({ key }) => key === id))
    assert.equal((await api.get(`/v1/snapshots/${id}`)).body['kind'], 'active')
    assert.equal(items(await api.get('/v1/bundles')).length, 1)
    assert.equal((await api.get(`/v1/bundles/${id}`)).body['container'], id)
  })
})

describe('the daemon', () => {
  it('tells about itself', async () => {
    await using api = trialApi()
    assert.equal((await api.get('/v1/version')).body['apiVersion'], 'v1')
    assert.equal((await api.get('/v1/info')).body['containers'], 0)
    assert.equal(items(await api.get('/v1/config'))[0]?.['source'], 'default')
  })
})
