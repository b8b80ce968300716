import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asking } from './support/asking.ts'
import { container, containerId, event, image, root } from './support/examples.ts'
import { frame, ok, output, problem } from './support/fake-daemon.ts'
import type { Routes } from './support/fake-daemon.ts'

const known: Routes = {
  'GET /v1/containers/web': () => ok({ ...container(), position: 20 }),
  'GET /v1/containers/gone': () =>
    ok(container({ name: 'gone', status: 'removed', removedAt: '2026-11-24T11:59:00Z', removedBy: root })),
  'GET /v1/containers/gone/output': () => output(frame(1, 'last words\n')),
  'GET /v1/containers/gone/why': () => ok({ position: 20, sentence: 'gone exited 0', chain: [] }),
  'GET /v1/images/alpine': () => ok({ ...image(), position: 20 }),
  [`GET /v1/containers/${containerId}/history`]: () =>
    ok({
      position: 20,
      items: [event(3, 'ContainerCreateRequested'), event(4, 'ContainerStarted', { pid: 77 })],
    }),
  'GET /v1/images/docker.io/library/alpine:3.20/history': () =>
    ok({ position: 20, items: [event(1, 'ImagePullRequested', { reference: 'alpine' })] }),
  'GET /v1/events': ({ query }) =>
    ok({ position: 20, items: query['subject'] === undefined ? [event(4, 'X')] : [], next: null }),
}

describe('inspect', () => {
  it('is one object, on several lines for people and on one for programs', async () => {
    const { out } = await asking(known, {}, 'inspect', 'web')
    assert.deepEqual(JSON.parse(out), { ...container(), position: 20 })
    assert.ok(out.split('\n').length > 10)
    assert.equal((await asking(known, {}, 'inspect', '--json', 'web')).out.split('\n').length, 2)
  })

  it("knows docker's fields and ours", async () =>
    assert.equal(
      (
        await asking(
          known,
          {},
          'inspect',
          '-f',
          '{{.State.Status}} {{.Name}} {{.status}} {{.actor.user}}',
          'web',
        )
      ).out,
      'running /web running root\n',
    ))

  it('finds images where there is no such container', async () => {
    assert.equal((await asking(known, {}, 'inspect', '-f', '{{.Os}}', 'alpine')).out, 'linux\n')
    assert.equal(
      (await asking(known, {}, 'image', 'inspect', '-f', '{{.RepoTags}}', 'alpine')).out,
      '[alpine:3.20]\n',
    )
  })

  it('goes on after one that is not there, and fails in the end', async () => {
    const { exitCode, out, err } = await asking(known, {}, 'inspect', '-f', '{{.name}}', 'nope', 'web')
    assert.deepEqual({ exitCode, out }, { exitCode: 125, out: 'web\n' })
    assert.match(err, /there is no container or image nope/)
  })

  it('says what is ambiguous rather than that there is nothing', async () => {
    const routes = {
      'GET /v1/containers/a': () => problem(409, 'container-ambiguous', 'a is the beginning of 2 ids'),
    }
    assert.match((await asking(routes, {}, 'inspect', 'a')).err, /a is the beginning of 2 ids/)
  })
})

describe('a removed container', () => {
  for (const argv of [
    ['inspect', 'gone'],
    ['logs', 'gone'],
    ['why', 'gone'],
  ])
    it(`still answers to ${argv[0]}, which says that it is removed, when and by whom`, async () => {
      const { exitCode, out, err } = await asking(known, {}, ...argv)
      assert.equal(exitCode, 0)
      assert.notEqual(out, '')
      assert.equal(err, 'gone (a1b2c3d4e5f6) was removed about a minute ago by root\n')
    })
})

describe('history', () => {
  it('of a container is what happened to it', async () =>
    assert.match(
      (await asking(known, {}, 'history', 'web')).out,
      /@3 ContainerCreateRequested.*\n.*@4 ContainerStarted .* pid=77/,
    ))

  it('of an image is its layers first, then its events', async () => {
    const { out } = await asking(known, {}, 'history', 'alpine')
    assert.match(out, /^LAYER .*\n<no layer> .*CMD.*\n333333333333 .*3\.6MB.*\n\n.*@1 ImagePullRequested/)
  })

  it('of an image is only events for programs', async () =>
    assert.deepEqual(
      JSON.parse((await asking(known, {}, 'history', '-o', 'json', 'alpine')).out).type,
      'ImagePullRequested',
    ))

  it('takes the last few, the newest first', async () => {
    assert.match((await asking(known, {}, 'history', '-n', '1', 'web')).out, /^.*@4 [^\n]*\n$/)
    assert.match(
      (await asking(known, {}, 'history', '-r', '-o', 'cat', 'web')).out,
      /^ContainerStarted.*\nContainerCreateRequested/,
    )
  })

  it('is bounded by moments, whose meaning is for the daemon to say', async () => {
    const { out, asked } = await asking(known, {}, 'history', '-o', 'cat', '--since', '10m', 'web')
    assert.match(out, /^ContainerStarted[^\n]*\n$/)
    assert.ok(asked.some(({ query }) => query['since'] === '10m' && query['limit'] === '1'))
  })

  it('of what nobody knows is an error', async () => {
    const { exitCode, err } = await asking(known, {}, 'history', 'nope')
    assert.equal(exitCode, 125)
    assert.match(err, /nothing in the history is called nope/)
  })
})

describe('show', () => {
  it('is the event whole, by position, with who and why', async () => {
    const { out, asked } = await asking(
      { 'GET /v1/events/*': () => ok(event(42, 'ContainerExited', { exitCode: 1 })) },
      {},
      'show',
      '42',
    )
    assert.equal(asked[0]?.path, '/v1/events/@42')
    assert.match(out, /^ContainerExited\n {2}position {4}@42\n/)
    assert.match(out, /by {10}root \(uid 0, gid 0, pid 42\)/)
    assert.match(out, /"exitCode": 1/)
  })
})

describe('why', () => {
  const explanation = {
    position: 20,
    sentence: 'web exited 137: killed by SIGKILL after it did not stop',
    chain: [
      { event: event(10, 'ContainerStopRequested'), explanation: 'root asked it to stop', afterMs: null },
      { event: event(12, 'ContainerExited'), explanation: 'it was killed', afterMs: 10_020 },
    ],
  }
  const routes: Routes = { 'GET /v1/containers/web/why': () => ok(explanation) }

  it('is the sentence first, then the chain with who, how long after and which event', async () => {
    const { out } = await asking(routes, {}, 'why', 'web')
    const [first, , second, who, third] = out.split('\n')
    assert.equal(first, explanation.sentence)
    assert.match(second ?? '', /@10 +root asked it to stop$/)
    assert.match(who ?? '', /root, ContainerStopRequested, 000000010-/)
    assert.match(third ?? '', /@12 {2}\+10\.0 s {2}it was killed$/)
  })

  it('is the answer itself for programs', async () =>
    assert.deepEqual(JSON.parse((await asking(routes, {}, 'why', '--json', 'web')).out), explanation))
})
