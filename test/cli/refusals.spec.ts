import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readConfig } from '../../src/config.ts'
import { scratch } from '../support/scratch.ts'
import { asking } from './support/asking.ts'
import { container, containerId, event, image } from './support/examples.ts'
import { ok, problem } from './support/fake-daemon.ts'
import type { Routes } from './support/fake-daemon.ts'

const unreadable = () => problem(400, 'invalid-moment', '"whenever" is not a moment')
const notThere = (what: string) => () => problem(404, 'container-not-found', `there is no container ${what}`)

const known: Routes = {
  'GET /v1/containers/web': () => ok(container()),
  [`GET /v1/containers/${containerId}/history`]: () =>
    ok({ position: 20, items: [event(3, 'ContainerCreateRequested'), event(4, 'ContainerStarted')] }),
  'GET /v1/images/alpine': () => ok(image()),
}

describe('a moment that cannot be read', () => {
  for (const argv of [
    ['ps', '--at', 'whenever'],
    ['images', '--at', 'whenever'],
    ['inspect', '--at', 'whenever', 'web'],
    ['history', '--at', 'whenever', 'web'],
    ['events', '--since', 'whenever'],
    ['events', '--until', 'whenever'],
    ['logs', '--since', 'whenever', 'web'],
  ])
    it(`is wrong usage: ${argv.join(' ')}`, async () => {
      const { exitCode, err } = await asking({ 'GET /v1/*': unreadable }, {}, ...argv)
      assert.deepEqual({ exitCode, err }, { exitCode: 2, err: 'shiplog: "whenever" is not a moment\n' })
    })

  it('is asked for as it is, also where it is empty', async () => {
    for (const argv of [['ps'], ['images'], ['inspect', 'web'], ['history', 'web']]) {
      const [name = '', ...rest] = argv
      const { exitCode, asked } = await asking({ 'GET /v1/*': unreadable }, {}, name, '--at', '', ...rest)
      assert.equal(exitCode, 2)
      assert.ok(
        asked.some(({ query }) => query['at'] === ''),
        argv.join(' '),
      )
    }
  })
})

describe('a name that is empty', () => {
  for (const argv of [
    ['history', ''],
    ['inspect', ''],
    ['inspect', '--type', 'image', ''],
    ['logs', ''],
    ['why', ''],
    ['wait', ''],
    ['show', ''],
  ])
    it(`is wrong usage, and nobody is asked: ${JSON.stringify(argv)}`, async () => {
      const { exitCode, out, err, asked } = await asking({}, {}, ...argv)
      assert.equal(exitCode, 2, err)
      assert.match(err, /empty/)
      assert.deepEqual([out, asked], ['', []])
    })
})

describe('history', () => {
  const nothing: Routes = {
    'GET /v1/containers/nosuch': notThere('nosuch'),
    'GET /v1/images/nosuch': () => problem(404, 'image-not-found', 'there is no image nosuch'),
    'GET /v1/images/nosuch/history': () => problem(404, 'image-not-found', 'there is no image nosuch'),
    'GET /v1/events': () => ok({ position: 20, items: [], next: null }),
  }
  it('of what was never there says so', async () => {
    const { exitCode, err } = await asking(nothing, {}, 'history', 'nosuch')
    assert.equal(exitCode, 125)
    assert.match(err, /nothing in the history is called nosuch/)
  })

  it('asks of a type that there is not are refused, also of one object', async () => {
    const routes: Routes = {
      ...known,
      'GET /v1/events': ({ query }) =>
        query['type'] === 'Nope'
          ? problem(400, 'invalid-request', 'type: there is no type of event "Nope"')
          : ok({ position: 20, items: [], next: null }),
    }
    const { exitCode, out, err } = await asking(routes, {}, 'history', '--filter', 'type=Nope', 'web')
    assert.deepEqual([exitCode, out], [125, ''])
    assert.match(err, /no type of event "Nope"/)
  })
})

describe('a template', () => {
  for (const [format, named] of [
    ['{{.Bogus}}', '.Bogus'],
    ['{{.State.Bogus}}', '.Bogus'],
    ['{{.State.Status.Bogus}}', '.State.Status.Bogus'],
    ['{{json .Bogus}}', '.Bogus'],
    ['{{.name}} {{if .Bogus}}x{{end}}', '.Bogus'],
    ['{{range .Mounts}}{{.Bogus}}{{end}}', '.Bogus'],
    ['{{.Config.Bogus}}', '.Bogus'],
    ['{{.actor.bogus}}', '.bogus'],
  ] as const)
    it(`of inspect fails at a field that there is not: ${format}`, async () => {
      const binds = [{ source: '/a', target: '/b', readonly: false }]
      const routes = { ...known, 'GET /v1/containers/web': () => ok(container({ options: { binds } })) }
      const { exitCode, out, err } = await asking(routes, {}, 'inspect', '--format', format, 'web')
      assert.deepEqual([exitCode, out], [1, ''], err)
      assert.ok(err.includes(named), err)
      assert.doesNotMatch(err, /\n\s+at /)
    })

  it('of inspect has no value for a label that there is not: labels are what they are', async () => {
    for (const format of ['{{.Config.Labels.nope}}', '{{.labels.nope}}', '{{index .Config.Labels "a.b"}}'])
      assert.equal((await asking(known, {}, 'inspect', '-f', format, 'web')).out, '<no value>\n')
    assert.equal((await asking(known, {}, 'inspect', '-f', '{{.Config.Labels.tier}}', 'web')).out, 'front\n')
  })

  it('of inspect fails for an image, too, and goes on with the others', async () => {
    const { exitCode, err } = await asking(
      known,
      {},
      'inspect',
      '-f',
      '{{.Os}}{{.RootFS.Bogus}}',
      'alpine',
      'alpine',
    )
    assert.equal(exitCode, 1)
    assert.equal(err.match(/Bogus/g)?.length, 2)
  })
})

describe('a variable', () => {
  for (const argv of [
    ['run', '-e', 'A B=1', 'alpine'],
    ['create', '-e', 'A\tB=1', 'alpine'],
    ['exec', '-e', ' A=1', 'web', 'true'],
    ['exec', '-e', 'A B', 'web', 'true'],
  ])
    it(`whose name has white space in it is wrong usage: ${JSON.stringify(argv)}`, async () => {
      const { exitCode, err, asked } = await asking({}, {}, ...argv)
      assert.equal(exitCode, 2)
      assert.match(err, /--env: ".*" cannot be the name of a variable/)
      assert.deepEqual(asked, [])
    })
})

describe('an age in a sentence', () => {
  it('has no capital', async () => {
    const removedAt = '2026-11-24T11:59:59.900Z'
    const gone = container({ name: 'gone', status: 'removed', removedAt, removedBy: container().actor })
    const { err } = await asking({ 'GET /v1/containers/gone': () => ok(gone) }, {}, 'inspect', 'gone')
    assert.match(err, /gone \(a1b2c3d4e5f6\) was removed less than a second ago by root\n/)
  })
})

describe('why', () => {
  const explanation = (earlier: number) => ({ position: 20, sentence: 'web runs', chain: [], earlier })
  const routes: Routes = {
    'GET /v1/containers/web/why': ({ query }) => ok(explanation(query['all'] === 'true' ? 0 : 12)),
  }
  it('says that there were earlier runs, and how to see them', async () => {
    assert.match(
      (await asking(routes, {}, 'why', 'web')).out,
      /12 events of earlier runs: shiplog why --all web/,
    )
    const { out } = await asking(routes, {}, 'why', '--all', 'web')
    assert.doesNotMatch(out, /earlier/)
  })
})

describe('shiplogd', () => {
  const exitCodeOf = (args: ReadonlyArray<string>, env: Record<string, string> = {}) => {
    const config = readConfig(args, env)
    if (config._tag === 'Right') return 0
    assert.ok(config.left.errors.length > 0)
    return config.left.exitCode
  }
  it('ends with 2 where it is used wrongly, and with 78 where it is configured wrongly', () => {
    using directory = scratch('config')
    const file = join(directory.path, 'config.toml')
    writeFileSync(file, 'root = 5\n')
    const none = join(directory.path, 'none.toml')
    for (const args of [['--bogus'], ['extra'], ['--root'], ['--root', 'relative'], ['--config', none]])
      assert.equal(exitCodeOf(args), 2, args.join(' '))
    assert.equal(exitCodeOf(['--config', file]), 78)
    assert.equal(exitCodeOf([], { SHIPLOG_CONFIG: none }), 78)
    writeFileSync(file, '')
    assert.equal(exitCodeOf(['--config', file], { SHIPLOG_ROOT: 'relative' }), 78)
    mkdirSync(none)
    assert.equal(exitCodeOf(['--config', none]), 2)
  })
})
