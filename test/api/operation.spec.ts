import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ContainerId } from '../../src/domain/kernel/identifiers.ts'
import { trialApi } from './support/trial-api.ts'
import type { Reply, TrialApi } from './support/trial-api.ts'

const subjectOf = ({ body }: Reply) =>
  body['subject'] as Readonly<{ kind: string; id: string; name?: string }>
const typesIn = ({ body }: Reply) =>
  (body['events'] as ReadonlyArray<Readonly<{ type: string }>>).map(({ type }) => type)

const running = async (api: TrialApi, body: object = {}) => {
  await api.withImage()
  const reply = await api.command('run-container', { image: 'alpine:3.20', name: 'web', ...body })
  assert.equal(reply.status, 200, reply.text)
  return subjectOf(reply).id as ContainerId
}

describe('a command', () => {
  it('is answered at once where nobody wants to wait, and says where its operation is', async () => {
    await using api = trialApi()
    await api.withImage()
    const reply = await api.ask('POST', '/v1/commands/run-container', { body: { image: 'alpine:3.20' } })
    assert.equal(reply.status, 202)
    assert.equal(reply.body['status'], 'running')
    assert.equal(reply.headers['location'], `/v1/operations/${String(reply.body['id'])}`)
    assert.deepEqual(typesIn(reply).slice(0, 1), ['ContainerCreateRequested'])
  })

  it('is answered by its outcome where somebody does', async () => {
    await using api = trialApi()
    await api.withImage()
    const reply = await api.command('run-container', { image: 'alpine:3.20', name: 'web' })
    assert.equal(reply.status, 200)
    assert.equal(reply.body['command'], 'run-container')
    assert.equal(reply.body['status'], 'succeeded')
    assert.deepEqual(reply.body['outcome'], { container: subjectOf(reply).id, pid: 4242 })
    assert.equal(subjectOf(reply).name, 'web')
    assert.equal(typesIn(reply).at(-1), 'ContainerStarted')
  })

  it('can be waited for to the end of the run', async () => {
    await using api = trialApi()
    await api.withImage()
    const asked = api.ask('POST', '/v1/commands/run-container?until=exited', {
      body: { image: 'alpine:3.20', autoRemove: true },
      headers: { prefer: 'wait=5' },
    })
    const { container } = (await api.until('ContainerStarted')) as unknown as { container: ContainerId }
    api.end(container, api.exited(3))
    const reply = await asked
    assert.equal(reply.status, 200, reply.text)
    const outcome = reply.body['outcome'] as Readonly<Record<string, unknown>>
    assert.equal(outcome['exitCode'], 3)
    assert.equal(outcome['container'], container)
  })

  it('is answered with 202 when the wait runs out', async () => {
    await using api = trialApi()
    const id = await running(api)
    const reply = await api.command('stop-container', { container: 'web' }, { prefer: 'wait=1' })
    assert.equal(reply.status, 202)
    api.end(id, api.exited(0))
  })

  it('is recorded in the name of the peer of the socket', async () => {
    await using api = trialApi()
    await api.withImage()
    assert.deepEqual(api.log.all()[0]?.metadata.actor, {
      kind: 'unix',
      uid: 1000,
      gid: 1000,
      pid: 4711,
      user: 'ana',
    })
  })

  it('that is satisfied already succeeds without an event', async () => {
    await using api = trialApi()
    await running(api)
    const before = api.log.head()
    const reply = await api.command('start-container', { container: 'web' })
    assert.equal(reply.status, 200)
    assert.deepEqual(reply.body['events'], [])
    assert.equal((reply.body['outcome'] as Record<string, unknown>)['pid'], 4242)
    assert.equal(api.log.head(), before)
  })

  it('that somebody else gave already is waited for with them', async () => {
    await using api = trialApi()
    const id = await running(api)
    const first = api.command('stop-container', { container: 'web' })
    await api.until('ContainerStopRequested')
    const second = api.command('stop-container', { container: 'web' })
    await new Promise(resolve => setTimeout(resolve, 20))
    api.end(id, api.exited(0))
    for (const reply of await Promise.all([first, second])) {
      assert.equal(reply.status, 200, reply.text)
      assert.equal((reply.body['outcome'] as Record<string, unknown>)['exitCode'], 0)
    }
    assert.equal(api.types().filter(type => type === 'ContainerStopRequested').length, 1)
  })

  it('has an operation that can be asked for, as of any moment', async () => {
    await using api = trialApi()
    await api.withImage()
    const { body } = await api.command('create-container', { image: 'alpine:3.20', name: 'web' })
    const now = await api.get(`/v1/operations/${String(body['id'])}`)
    assert.equal(now.status, 200)
    assert.equal(now.body['status'], 'succeeded')
    const then = await api.get(`/v1/operations/${String(body['id'])}?at=@${String(body['startedAt'])}`)
    assert.equal(then.body['status'], 'running')
    const before = await api.get(`/v1/operations/${String(body['id'])}?at=@1`)
    assert.equal(before.status, 404)
  })
})

describe('an operation that fails', () => {
  it('is a problem with the reason, and with the operation', async () => {
    await using api = trialApi({
      monitor: {
        launch: () => async () => ({
          _tag: 'Left',
          left: {
            reason: 'refused',
            problem: 'command-not-found',
            cause: '/nothing: no such file',
            exitCode: 127,
          },
        }),
        ended: () => new Promise(() => {}),
        forget: () => async () => ({ _tag: 'Right', right: undefined }),
      },
    })
    await api.withImage()
    const reply = await api.command('run-container', { image: 'alpine:3.20', args: ['/nothing'] })
    assert.equal(reply.status, 422, reply.text)
    assert.match(String(reply.headers['content-type']), /^application\/problem\+json/)
    assert.equal(reply.body['reason'], 'container-start-failed')
    assert.equal(reply.body['exitCode'], 127)
    assert.deepEqual(reply.body['failure'], { problem: 'command-not-found', cause: '/nothing: no such file' })
    const operation = await api.get(`/v1/operations/${String(reply.body['operation'])}`)
    assert.equal(operation.body['status'], 'failed')
    assert.deepEqual(operation.body['failure'], reply.body['failure'])
  })

  it('because somebody was quicker with the name is told so', async () => {
    await using api = trialApi()
    await api.withImage()
    const replies = await Promise.all(
      Array.from({ length: 20 }, () =>
        api.command('create-container', { image: 'alpine:3.20', name: 'web' }),
      ),
    )
    assert.equal(replies.filter(({ status }) => status === 200).length, 1)
    for (const reply of replies.filter(({ status }) => status !== 200)) {
      assert.equal(reply.status, 409, reply.text)
      assert.equal(reply.body['reason'], 'container-name-taken')
    }
  })
})

describe('an idempotency key', () => {
  const headers = { 'idempotency-key': 'key-1' }

  it('is the id of the operation', async () => {
    await using api = trialApi()
    await api.withImage()
    const reply = await api.command('create-container', { image: 'alpine:3.20' }, headers)
    assert.equal(reply.body['id'], 'key-1')
  })

  it('makes of two requests one command, the second waiting with the first', async () => {
    await using api = trialApi()
    await api.withImage()
    const body = { image: 'alpine:3.20', name: 'web' }
    const replies = await Promise.all([1, 2, 3].map(() => api.command('run-container', body, headers)))
    for (const reply of replies) {
      assert.equal(reply.status, 200, reply.text)
      assert.equal(reply.body['status'], 'succeeded')
      assert.deepEqual(reply.body['subject'], replies[0]?.body['subject'])
    }
    assert.equal(api.types().filter(type => type === 'ContainerCreateRequested').length, 1)
  })

  it('answers later with the same operation, and does nothing again', async () => {
    await using api = trialApi()
    const id = await running(api)
    const kill = () => api.command('kill-container', { container: 'web', signal: 'USR1' }, headers)
    const first = await kill()
    const before = api.log.head()
    const second = await kill()
    assert.deepEqual([first.status, second.status], [200, 200])
    assert.deepEqual(second.body['outcome'], first.body['outcome'])
    assert.deepEqual(typesIn(second), typesIn(first))
    assert.equal(api.log.head(), before)
    api.end(id, api.exited(0))
  })

  it('given first without a wait can be waited for afterwards', async () => {
    await using api = trialApi()
    const first = await api.ask('POST', '/v1/commands/pull-image', { body: { reference: 'alpine' }, headers })
    assert.equal(first.status, 202)
    const second = await api.command('pull-image', { reference: 'alpine' }, headers)
    assert.equal(second.status, 200)
    assert.deepEqual(subjectOf(second), subjectOf(first))
    assert.ok(typesIn(second).includes('ImagePulled'))
  })

  it('belongs to one command and one body', async () => {
    await using api = trialApi()
    await running(api)
    await api.command('pause-container', { container: 'web' }, headers)
    const before = api.log.head()
    for (const [name, body] of [
      ['unpause-container', { container: 'web' }],
      ['pause-container', { container: 'wob' }],
    ] as const) {
      const reply = await api.command(name, body, headers)
      assert.equal(reply.status, 409)
      assert.equal(reply.body['reason'], 'idempotency-key-reused')
    }
    assert.equal(api.log.head(), before)
  })

  it('of a command that was refused may be used again', async () => {
    await using api = trialApi()
    const refused = await api.command('create-container', { image: 'alpine:3.20' }, headers)
    assert.equal(refused.status, 404)
    await api.withImage()
    const granted = await api.command('create-container', { image: 'alpine:3.20' }, headers)
    assert.equal(granted.status, 200, granted.text)
  })

  it('is refused where it is none', async () => {
    await using api = trialApi()
    for (const key of ['', 'with space', 'x'.repeat(129), 'ü'])
      assert.equal(
        (await api.command('pull-image', { reference: 'alpine' }, { 'idempotency-key': key })).status,
        400,
        key,
      )
    assert.equal(api.log.head(), 0)
  })
})
