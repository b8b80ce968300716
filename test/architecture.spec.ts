import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { breaches, loadedBy } from '../scripts/architecture.ts'
import { scratch } from './support/scratch.ts'

const root = join(import.meta.dirname, '..')

/** A tree of source files, each given by its path and what is in it, and what is wrong with it. */
const breachesIn = async (files: Readonly<Record<string, string>>) => {
  await using directory = scratch('architecture')
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory.path, path)), { recursive: true })
    writeFileSync(join(directory.path, path), text)
  }
  return breaches(directory.path)
}

const importing = (target: string) => `import { x } from '${target}'\n\nexport const y = x\n`

describe('the sources', () => {
  it('keep the architecture', () => assert.deepEqual(breaches(root), []))
})

describe('a replay', () => {
  it('loads nothing that could touch the world', () => {
    const loaded = [...loadedBy(root, 'src/replay-worker.ts')]
    assert.ok(loaded.includes('src/projections/runtime/containers.ts'))
    const hands =
      /^src\/(?:main|engine|hands)\.ts$|^src\/adapters\/(?!events\/|metadata\/|host\/(?:failpoint|room)\.ts)/
    const means = /^node:(?:child_process|ffi|http|net)$|^undici|^execa/
    assert.deepEqual(
      loaded.filter(target => hands.test(target) || means.test(target)),
      [],
    )
  })
})

describe('the architecture', () => {
  const permitted: ReadonlyArray<[file: string, target: string]> = [
    ['src/domain/kernel/decode.ts', 'io-ts'],
    ['src/domain/snapshot/decider.ts', 'fp-ts/lib/Either.js'],
    ['src/domain/snapshot/decider.ts', '../kernel/decider.ts'],
    ['src/domain/events/catalogue.ts', '../snapshot/index.ts'],
    ['src/domain/processes/create-container.ts', '../runtime/index.ts'],
    ['src/projections/snapshot/snapshots.ts', '../projection.ts'],
    ['src/adapters/snapshot/reactor.ts', '../events/reactor.ts'],
    ['src/adapters/snapshot/overlay.ts', '../host/mount.ts'],
    ['src/adapters/content/reactor.ts', '../../domain/distribution/port.ts'],
    ['src/api/snapshot/http.ts', '../../projections/snapshot/snapshots.ts'],
    ['src/cli/commands/run.ts', '../../domain/bundle/memory.ts'],
    ['src/cli/commands/pull.ts', '../../adapters/distribution/docker-credentials.ts'],
    ['src/main.ts', './adapters/snapshot/overlay.ts'],
  ]
  for (const [file, target] of permitted)
    it(`lets ${file} import ${target}`, async () =>
      assert.deepEqual(await breachesIn({ [file]: importing(target) }), []))

  const forbidden: ReadonlyArray<[file: string, target: string]> = [
    ['src/domain/kernel/decode.ts', '../snapshot/index.ts'],
    ['src/domain/kernel/decode.ts', 'fp-ts/Either'],
    ['src/domain/snapshot/decider.ts', 'node:fs'],
    ['src/domain/snapshot/decider.ts', 'rxjs'],
    ['src/domain/snapshot/decider.ts', '../runtime/index.ts'],
    ['src/domain/snapshot/decider.ts', '../events/catalogue.ts'],
    ['src/domain/snapshot/decider.ts', '../../adapters/snapshot/overlay.ts'],
    ['src/domain/events/catalogue.ts', '../snapshot/events.ts'],
    ['src/domain/events/catalogue.ts', '../processes/index.ts'],
    ['src/domain/processes/create-container.ts', '../runtime/decider.ts'],
    ['src/projections/snapshot/snapshots.ts', '../../adapters/metadata/database.ts'],
    ['src/projections/snapshot/snapshots.ts', '../content/blobs.ts'],
    ['src/projections/snapshot/snapshots.ts', 'node:sqlite'],
    ['src/adapters/snapshot/reactor.ts', '../content/filesystem-store.ts'],
    ['src/adapters/snapshot/reactor.ts', '../../api/server.ts'],
    ['src/adapters/snapshot/reactor.ts', '../../projections/snapshot/snapshots.ts'],
    ['src/adapters/events/reactor.ts', '../snapshot/reactor.ts'],
    ['src/adapters/host/mount.ts', '../snapshot/overlay.ts'],
    ['src/adapters/snapshot/overlay.ts', 'node:ffi'],
    ['src/adapters/snapshot/overlay.ts', 'fastify'],
    ['src/api/snapshot/http.ts', '../../adapters/snapshot/overlay.ts'],
    ['src/api/snapshot/http.ts', '../../main.ts'],
    ['src/api/snapshot/http.ts', 'node:sqlite'],
    ['src/cli/commands/run.ts', '../../domain/runtime/index.ts'],
    ['src/cli/commands/run.ts', '../../domain/runtime/decider.ts'],
    ['src/cli/commands/run.ts', '../../adapters/distribution/registry-client.ts'],
    ['src/cli/commands/run.ts', '../../projections/runtime/containers.ts'],
    ['src/adapters/snapshot/overlay.ts', '../../config.ts'],
  ]
  for (const [file, target] of forbidden)
    it(`refuses that ${file} imports ${target}`, async () => {
      const found = await breachesIn({ [file]: importing(target) })
      assert.equal(found.length, 1)
      assert.match(found[0] ?? '', new RegExp(`^${file} imports `))
    })

  it('sees an import however it is written', async () => {
    for (const text of [
      `import type { X } from 'node:fs'`,
      `import 'node:fs'`,
      `import {\n  a,\n  b,\n} from "node:fs"`,
      `export * from 'node:fs'`,
      `export * as fs from 'node:fs'`,
      `export const later = () => import('node:fs')`,
      `/** 'application/*' */\nconst a = 'b/*'\nexport const later = () => import('node:fs')\nconst c = '*/'`,
    ])
      assert.equal((await breachesIn({ 'src/domain/snapshot/decider.ts': text })).length, 1, text)
  })

  it('does not take a comment for an import', async () =>
    assert.deepEqual(
      await breachesIn({
        'src/domain/snapshot/decider.ts': `/**\n import { x } from 'node:fs'\n */\n// import 'node:fs'\n`,
      }),
      [],
    ))

  it('sees a worker as an import', async () => {
    const text = `new Worker(new URL('../content/worker.ts', import.meta.url))`
    assert.equal((await breachesIn({ 'src/adapters/snapshot/unpack.ts': text })).length, 1)
  })
})

describe('the shape of the tree', () => {
  it('has no cycles', async () =>
    assert.deepEqual(
      await breachesIn({
        'src/domain/kernel/a.ts': importing('./b.ts'),
        'src/domain/kernel/b.ts': importing('./c.ts'),
        'src/domain/kernel/c.ts': importing('./b.ts'),
      }),
      ['src/domain/kernel/b.ts -> src/domain/kernel/c.ts -> src/domain/kernel/b.ts is a cycle'],
    ))

  it('may close a circle lazily', async () =>
    assert.deepEqual(
      await breachesIn({
        'src/cli/help.ts': `export const more = () => import('./catalogue.ts')`,
        'src/cli/catalogue.ts': importing('./help.ts'),
      }),
      [],
    ))

  it('has no file of more than 400 lines', async () => {
    const lines = (n: number) => '\n'.repeat(n)
    assert.deepEqual(await breachesIn({ 'src/domain/kernel/long.ts': lines(400) }), [])
    assert.deepEqual(await breachesIn({ 'src/domain/kernel/long.ts': lines(401) }), [
      'src/domain/kernel/long.ts has 401 lines; 400 is the most',
    ])
  })

  it('names folders after the components, in every layer', async () => {
    for (const path of [
      'domain/utils/a.ts',
      'projections/kernel/a.ts',
      'adapters/docker/a.ts',
      'api/host/a.ts',
    ])
      assert.deepEqual(await breachesIn({ [`src/${path}`]: '' }), [
        `src/${dirname(path)} is named after no component of the architecture`,
      ])
    for (const path of [
      'domain/kernel/a.ts',
      'projections/metrics/a.ts',
      'adapters/host/a.ts',
      'api/docker/a.ts',
    ])
      assert.deepEqual(await breachesIn({ [`src/${path}`]: '' }), [])
  })

  it('has four layers and the command line', async () =>
    assert.deepEqual(await breachesIn({ 'src/services/a.ts': '' }), ['src/services/a.ts is in no layer']))

  it('is not taken for right when there is nothing in it', async () =>
    assert.equal((await breachesIn({ 'lib/a.ts': '' })).length, 1))
})
