import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { readImageConfig } from '../../../src/domain/distribution/image-config.ts'
import { ImageConfig } from '../../../src/domain/kernel/image-config.ts'
import { digestOf } from '../../support/examples.ts'

const json = (config: unknown = {}, rest: object = {}) => ({
  os: 'linux',
  architecture: 'amd64',
  rootfs: { type: 'layers', diff_ids: [digestOf(1)] },
  config,
  ...rest,
})

const read = (value: unknown): ImageConfig => {
  const result = readImageConfig(value, 1)
  if (E.isLeft(result)) throw new Error(result.left.cause)
  return result.right.image
}

const problemOf = (value: unknown) => {
  const result = readImageConfig(value, 1)
  return E.isLeft(result) ? result.left.problem : 'none'
}

describe('an image’s configuration', () => {
  it('is read as it stands', () => {
    const config = {
      User: '1000:1000',
      Env: ['PATH=/bin', 'LINES=a\nb'],
      Entrypoint: ['/entry'],
      Cmd: ['a', 'b'],
      WorkingDir: '/work',
      StopSignal: 'SIGINT',
      Volumes: { '/data': {} },
      ExposedPorts: { '80/tcp': {} },
      Labels: { 'org.opencontainers.image.title': 'app' },
      Healthcheck: { Test: ['NONE'] },
    }
    const history = [
      { created: '2026-01-01T00:00:00Z', created_by: 'RUN x', comment: 'c' },
      { empty_layer: true },
    ]
    assert.deepEqual(
      read(json(config, { created: '2026-01-01T00:00:00Z', author: 'me', variant: 'v2', history })),
      {
        os: 'linux',
        architecture: 'amd64',
        variant: 'v2',
        created: '2026-01-01T00:00:00Z',
        author: 'me',
        entrypoint: ['/entry'],
        cmd: ['a', 'b'],
        exposedPorts: ['80/tcp'],
        labels: { 'org.opencontainers.image.title': 'app' },
        defaults: {
          user: '1000:1000',
          env: ['PATH=/bin', 'LINES=a\nb'],
          workingDir: '/work',
          volumes: ['/data'],
          stopSignal: 'SIGINT',
        },
        diffIds: [digestOf(1)],
        history: [
          { created: '2026-01-01T00:00:00Z', createdBy: 'RUN x', comment: 'c', emptyLayer: false },
          { created: null, createdBy: '', comment: '', emptyLayer: true },
        ],
      },
    )
  })

  it('may have nothing, or null, for everything', () => {
    const names = [
      'User',
      'Env',
      'Entrypoint',
      'Cmd',
      'WorkingDir',
      'StopSignal',
      'Volumes',
      'ExposedPorts',
      'Labels',
    ]
    const nothing = read(json(Object.fromEntries(names.map(name => [name, null]))))
    assert.deepEqual(read(json(null, { history: null, created: null })), nothing)
    assert.deepEqual(read(json(undefined)), nothing)
    assert.deepEqual(nothing.defaults, { user: '', env: [], workingDir: '', volumes: [], stopSignal: null })
    assert.deepEqual([nothing.entrypoint, nothing.cmd], [null, null])
  })

  it('M1: has as many diff ids as there are layers', () => {
    for (const diff_ids of [[], [digestOf(1), digestOf(2)], null])
      assert.equal(problemOf(json({}, { rootfs: { type: 'layers', diff_ids } })), 'registry-protocol')
    assert(E.isRight(readImageConfig(json({}, { rootfs: { diff_ids: null } }), 0)))
    assert.equal(problemOf(json({}, { rootfs: { diff_ids: ['sha256:x'] } })), 'registry-protocol')
    assert.equal(problemOf(json({}, { rootfs: undefined })), 'registry-protocol')
  })

  it('M5: does not speak in an engine’s own words', () => {
    const Labels = JSON.parse(`{
      "shiplog.restart": "x", "containerd.io/gc.root": "x", "io.containerd.io/x": "x", "io.kubernetes.cri-containerd": "x",
      "run.oci.handler": "x", "io.podman.x": "x", "__proto__": "x", "mine": "kept"
    }`) as unknown
    assert.deepEqual(read(json({ Labels })).labels, { mine: 'kept' })
    const result = readImageConfig(json({ Labels }), 1)
    assert(E.isRight(result))
    assert.deepEqual(result.right.strippedLabels, [
      'shiplog.restart',
      'containerd.io/gc.root',
      'io.containerd.io/x',
      'io.kubernetes.cri-containerd',
      'run.oci.handler',
      'io.podman.x',
    ])
  })

  it('M6: works inside its root, at a path of a bearable length, and not in /proc', () => {
    const workingDir = (WorkingDir: string) => read(json({ WorkingDir })).defaults.workingDir
    assert.equal(workingDir('../../etc'), '/etc')
    assert.equal(workingDir('/a/./b//../c/'), '/a/c')
    assert.equal(workingDir('work'), '/work')
    assert.equal(problemOf(json({ WorkingDir: '/proc/self/fd/7' })), 'registry-protocol')
    assert.equal(problemOf(json({ WorkingDir: '/x/../proc/self/fd/7/../..' })), 'registry-protocol')
    assert.equal(problemOf(json({ WorkingDir: `/${'x'.repeat(65_536)}` })), 'too-large')
    assert.equal(problemOf(json({ WorkingDir: '/a\0b' })), 'registry-protocol')
  })

  it('M7: has variables that can be variables', () => {
    const env = (Env: ReadonlyArray<string>) => problemOf(json({ Env }))
    assert.equal(env(['A=b\0c']), 'registry-protocol')
    assert.equal(env([`A=${'x'.repeat(2 ** 20)}`]), 'too-large')
    assert.equal(env(Array.from({ length: 100_000 }, (_, i) => `A${i}=x`)), 'too-large')
    assert.equal(env(Array.from({ length: 20 }, () => `A=${'x'.repeat(100_000)}`)), 'too-large')
    assert.equal(env([`A=${'é'.repeat(70_000)}`]), 'too-large')
    assert.equal(env(['=x']), 'registry-protocol')
    assert.equal(env(['']), 'registry-protocol')
    assert.deepEqual(read(json({ Env: ['A', 'HOME=a\nroot::0:0'] })).defaults.env, [
      'A=',
      'HOME=a\nroot::0:0',
    ])
  })

  it('M8: has volumes inside its root', () => {
    const Volumes = { '/../../etc': {}, data: {}, '/data/': {} }
    assert.deepEqual(read(json({ Volumes })).defaults.volumes, ['/etc', '/data'])
  })

  it('has users and arguments without what they cannot have', () => {
    assert.equal(problemOf(json({ User: 'root\nroot::0:0' })), 'registry-protocol')
    assert.equal(problemOf(json({ User: '1'.repeat(1000) })), 'too-large')
    assert.equal(problemOf(json({ Cmd: ['a\0'] })), 'registry-protocol')
    assert.equal(problemOf(json({ Cmd: 'sh -c true' })), 'registry-protocol')
  })

  it('is read or refused whatever it is, and fits the history when it is read', () => {
    const key = fc.constantFrom('User', 'Env', 'Cmd', 'WorkingDir', 'Volumes', 'Labels', 'x')
    const value = fc.oneof(fc.jsonValue(), fc.array(fc.string()), fc.dictionary(fc.string(), fc.string()))
    fc.assert(
      fc.property(fc.dictionary(key, value), config => {
        const result = readImageConfig(json(config), 1)
        assert(E.isLeft(result) || ImageConfig.is(result.right.image))
      }),
    )
  })
})
