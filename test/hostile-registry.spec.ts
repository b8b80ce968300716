import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { PATIENCE } from '../src/adapters/distribution/patience.ts'
import type { RegistryOptions } from '../src/adapters/distribution/registry-client.ts'
import { LIMITS, OCI_INDEX, OCI_MANIFEST } from '../src/domain/distribution/manifest.ts'
import { startHostileRegistry } from './support/hostile-registry.ts'
import type { Asked, Bend, HostileRegistry } from './support/hostile-registry.ts'
import { blobOf, file, imageOf, indexOf, packImage, sha256 } from './support/image.ts'
import type { Blob } from './support/image.ts'
import { memoryRisenBy, pullingEngine } from './support/pulling-engine.ts'
import type { PullingEngine } from './support/pulling-engine.ts'

// Whole pulls from registries that lie: what the log says of them, and what is left on disk.

const amd64 = { os: 'linux', architecture: 'amd64' }
const noise = Buffer.concat(
  Array.from({ length: 200 }, (_, i) => createHash('sha256').update(`${i}`).digest()),
)
const image = await packImage(
  await imageOf({
    layers: [[file('small', 'small')], [file('large', noise)]],
    config: { Labels: { mine: 'kept' } },
    platform: amd64,
  }),
  { compression: 'none', index: true },
)
const [, large = assert.fail()] = image.layers
const MIB = 2 ** 20

const good = JSON.parse(Buffer.from(image.manifest.bytes).toString()) as {
  config: object
  layers: ReadonlyArray<object>
}
const manifestOf = (value: object, mediaType = OCI_MANIFEST) =>
  blobOf(mediaType, Buffer.from(JSON.stringify(value)))
const descriptorOf = ({ mediaType, digest, size }: Blob) => ({ mediaType, digest, size })

const lying = async (options: Partial<RegistryOptions> = {}) => {
  const registry = await startHostileRegistry()
  registry.addImage(image, 'latest')
  const engine = pullingEngine(options)
  return {
    registry,
    engine,
    name: `${registry.host}/app:latest`,
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]()
      await registry[Symbol.asyncDispose]()
    },
  }
}

const onlyOne = (about: Blob) => new RegExp(`blobs/${about.digest}$`)

/** A pull that fails, is told of once, and leaves nothing of `bad` and nothing half done. */
const failsWith = async (
  { registry, engine, name }: Readonly<{ registry: HostileRegistry; engine: PullingEngine; name: string }>,
  problem: string | RegExp,
  bad: ReadonlyArray<Blob> = [],
) => {
  const { failure, events } = await engine.pull(name)
  assert(failure !== null, `${registry.asked().join(' ')} came to an image`)
  assert.match(
    failure.problem,
    typeof problem === 'string' ? new RegExp(`^${problem}$`) : problem,
    failure.cause,
  )
  assert(failure.cause.length < 600, failure.cause)
  assert.equal(engine.eventsOf(events, 'ImagePullFailed').length, 1)
  assert.equal(engine.eventsOf(events, 'ImageNamed').length, 0)
  for (const { digest } of bad) assert(!engine.visible().includes(digest), `${digest} can be seen`)
  return { failure, events }
}

const failsInABlob = async (bend: Bend | ((asked: Asked) => Bend | null), problem: string) => {
  await using at = await lying()
  at.registry.bend(onlyOne(large), bend)
  const { failure, events } = await failsWith(at, problem, [large])
  const told = at.engine.eventsOf(events, 'BlobFetchFailed')
  assert.deepEqual(
    told.map(({ digest, failure }) => [digest, failure]),
    [[large.digest, failure]],
  )
  assert(failure.cause.includes(large.digest), failure.cause)
  assert(!at.engine.unfinished().includes(large.digest))
  // It is not held against the name: an honest registry can give it afterwards.
  at.registry.behave()
  assert.equal((await at.engine.pull(at.name)).failure, null)
  assert(at.engine.visible().includes(large.digest))
}

describe('a pull from a registry that lies about blobs', () => {
  const other = Buffer.from(large.bytes)
  other[1000] = (other[1000] ?? 0) ^ 1

  it('R1 a layer that is not its digest fails the pull, and nothing of it is kept', () =>
    failsInABlob({ body: other }, 'digest-mismatch'))

  for (const length of [0, large.size - 1, large.size + 1, 2 ** 40])
    it(`R2 a layer that is announced with ${length} bytes fails at its size`, () =>
      failsInABlob({ announce: length }, 'size-mismatch'))

  it('R2 a layer that is longer than its descriptor says fails at its size', () =>
    failsInABlob({ body: Buffer.concat([large.bytes, Buffer.from('x')]), announce: null }, 'size-mismatch'))

  it('R2 a layer that ends too early is given up after a bounded number of tries', async () => {
    await using at = await lying()
    at.registry.bend(onlyOne(large), ({ range }) =>
      range === null
        ? { body: large.bytes.subarray(0, 10), announce: null }
        : { status: 206, body: '', headers: { 'content-range': `bytes 10-${large.size - 1}/${large.size}` } },
    )
    await failsWith(at, 'registry-unreachable', [large])
    const asked = at.registry.asked().filter(path => path.endsWith(large.digest)).length
    assert(asked <= 2 * PATIENCE.attempts, `${asked} times`)
  })

  it('R3 an endless layer is cut at its size, and memory stays flat', async () => {
    await using at = await lying()
    at.registry.bend(onlyOne(large), { endless: true, body: Buffer.alloc(64 * 1024, 'x') })
    const risen = await memoryRisenBy(() => failsWith(at, 'size-mismatch', [large]))
    assert(risen < 32 * MIB, `${risen} bytes more are held`)
    assert(at.registry.sent() < 16 * MIB, `${at.registry.sent()} bytes were sent`)
    assert(!at.engine.unfinished().includes(large.digest))
  })

  for (const size of [undefined, null, -1, 1.5, '10', 2 ** 63, LIMITS.maxLayer + 1])
    it(`${Number(size) > 2 ** 32 ? 'R4' : 'R3'} a layer whose size is ${size} is not asked for`, async () => {
      await using at = await lying()
      const layers = [good.layers[0], { ...good.layers[1], size }] as ReadonlyArray<object>
      at.registry.addManifest(manifestOf({ ...good, layers }), 'latest')
      const { events } = await failsWith(at, size === LIMITS.maxLayer + 1 ? 'too-large' : 'registry-protocol')
      assert(!at.registry.asked().some(path => path.startsWith('blobs/')), 'a blob was asked for')
      assert.deepEqual([at.engine.visible(), at.engine.unfinished()], [[], []])
      assert.equal(at.engine.eventsOf(events, 'ManifestResolved').length, 0)
    })

  it('R13 connections that drop again and again come to a whole image, and nothing twice', async () => {
    await using at = await lying()
    at.registry.bend(/blobs|manifests/, ({ path }) =>
      path.endsWith(large.digest) ? { dropAfter: 1900 } : null,
    )
    assert.equal((await at.engine.pull(at.name)).failure, null)
    const ranges = at.registry.seen
      .filter(({ url }) => url.endsWith(large.digest))
      .map(({ headers }) => headers.range)
    assert.deepEqual(ranges.slice(0, 3), [undefined, 'bytes=1900-', 'bytes=3800-'])
    assert(at.engine.visible().includes(large.digest))
  })

  it('R13 a registry that ignores Range is not appended to what is there', async () => {
    await using at = await lying()
    at.registry.bend(onlyOne(large), ({ nth }) => (nth === 1 ? { dropAfter: 3000 } : { wholeOnly: true }))
    assert.equal((await at.engine.pull(at.name)).failure, null)
    assert(at.engine.visible().includes(large.digest))
  })

  it('R13 a daemon that stops in a blob goes on where it was, in its next life', async () => {
    await using at = await lying()
    at.registry.bend(onlyOne(large), { stallAfter: 3000 })
    const asked = await at.engine.ask(at.name)
    while (!at.registry.asked().some(path => path.endsWith(large.digest))) await sleep(5)
    await sleep(50)
    await at.engine.stop()
    assert.deepEqual(at.engine.unfinished(), [large.digest])
    at.registry.behave()
    at.engine.start()
    assert.equal((await at.engine.ended(asked)).failure, null)
    assert.equal(at.registry.seen.at(-1)?.headers.range, 'bytes=3000-')
    assert.deepEqual(at.engine.unfinished(), [])
  })

  it('R14 a part that is not the part that was asked for is asked for as a whole', async () => {
    for (const range of [`bytes 0-${large.size - 1}/${large.size}`, 'bytes 1-2/3', 'bytes 3000-10/20', 'x']) {
      await using at = await lying()
      at.registry.bend(onlyOne(large), ({ nth, range: asked }) =>
        nth === 1
          ? { dropAfter: 3000 }
          : asked === null
            ? null
            : {
                body: Buffer.concat([Buffer.alloc(3000), other.subarray(3000)]),
                headers: { 'content-range': range },
              },
      )
      const { failure } = await at.engine.pull(at.name)
      // `bytes 3000-10/20` is of a blob of another size: that is refused, whatever it was meant to be.
      assert.equal(failure?.problem ?? null, range.endsWith('/20') ? 'size-mismatch' : null, range)
    }
  })

  it('R14 a part with the right name and the wrong bytes is found out at the end', async () => {
    await using at = await lying()
    at.registry.bend(onlyOne(large), ({ nth }) => (nth === 1 ? { dropAfter: 500 } : { body: other }))
    await failsWith(at, 'digest-mismatch', [large])
    assert(!at.engine.unfinished().includes(large.digest))
  })
})

describe('a pull from a registry that lies about documents', () => {
  it('R1 a manifest or a configuration that is not its digest resolves to nothing', async () => {
    for (const [about, honest] of [
      [new RegExp(`manifests/${image.manifest.digest}`), image.manifest],
      [onlyOne(image.config), image.config],
    ] as const) {
      await using at = await lying()
      at.registry.bend(about, { body: Buffer.from(honest.bytes).fill(' ', 0, 1) })
      const { events } = await failsWith(at, 'digest-mismatch', [honest])
      assert.deepEqual(
        events.map(({ type }) => type),
        ['ImagePullRequested', 'ImagePullFailed'],
      )
      assert.deepEqual([at.engine.visible(), at.engine.unfinished()], [[], []])
    }
  })

  it('R5 documents without end are cut, and memory stays flat', async () => {
    for (const about of [/manifests\/latest/, /manifests\/sha256/, onlyOne(image.config)]) {
      await using at = await lying()
      at.registry.bend(about, { endless: true, type: OCI_INDEX, body: Buffer.alloc(64 * 1024, ' ') })
      const risen = await memoryRisenBy(() => failsWith(at, /^(?:too-large|size-mismatch)$/))
      assert(risen < 48 * MIB, `${risen} bytes more are held`)
      assert(at.registry.sent() < 24 * MIB, `${at.registry.sent()} bytes were sent`)
      assert.deepEqual([at.engine.visible(), at.engine.unfinished()], [[], []])
    }
  })

  it('R5 a manifest of one byte too many is refused before it is read, one that fits is read', async () => {
    const filled = (length: number) => {
      const bytes = Buffer.alloc(length, ' ')
      Buffer.from(image.target.bytes).copy(bytes)
      return { ...blobOf(OCI_INDEX, bytes) }
    }
    await using at = await lying()
    at.registry.addManifest(filled(LIMITS.maxDocument + 1), 'latest')
    await failsWith(at, 'too-large')
    at.registry.addManifest(filled(LIMITS.maxDocument), 'latest')
    assert.equal((await at.engine.pull(at.name)).failure, null)
  })

  it('R6 a document that is an index and a manifest is refused as either', async () => {
    for (const mediaType of [OCI_MANIFEST, OCI_INDEX]) {
      await using at = await lying()
      at.registry.addManifest(
        manifestOf(
          { ...good, mediaType, manifests: [{ ...descriptorOf(image.manifest), platform: amd64 }] },
          mediaType,
        ),
        'latest',
      )
      await failsWith(at, 'registry-protocol')
      assert.deepEqual(at.engine.visible(), [])
    }
  })

  it('R7 one digest served with two types is one thing in two pulls', async () => {
    await using at = await lying()
    const digest = image.manifest.digest
    const name = `${at.registry.host}/app@${digest}`
    at.registry.bend(new RegExp(`manifests/${digest}`), { type: OCI_INDEX })
    assert.equal((await at.engine.pull(name)).failure?.problem, 'registry-protocol')
    at.registry.behave()
    const first = await at.engine.pull(name)
    at.registry.bend(new RegExp(`manifests/${digest}`), { type: 'application/json' })
    assert.equal((await at.engine.pull(name)).failure?.problem, 'registry-protocol')
    at.registry.bend(new RegExp(`manifests/${digest}`), { type: `${OCI_MANIFEST}; charset=utf-8` })
    const second = await at.engine.pull(name)
    const [one, two] = [first, second].map(({ events }) => at.engine.eventsOf(events, 'ManifestResolved'))
    assert.deepEqual(
      one?.map(({ pull: _, ...resolved }) => resolved),
      two?.map(({ pull: _, ...resolved }) => resolved),
    )
    assert.equal(one?.length, 1)
  })

  it('R8 indexes that lead nowhere, in circles or to thousands cost a bounded number of requests', async () => {
    const self = sha256('an index cannot hold its own digest')
    const cases: ReadonlyArray<readonly [string, Blob, number]> = [
      ['to itself', indexOf([{ mediaType: OCI_INDEX, digest: self, size: 100, platform: amd64 }]), 6],
      ...[true, false].map(
        isSame =>
          [
            `10,000, ${isSame ? 'all the same' : 'each another'}`,
            indexOf(
              Array.from({ length: 10_000 }, (_, i) => ({
                ...descriptorOf(image.manifest),
                ...(isSame ? {} : { digest: sha256(`${i}`) }),
                platform: amd64,
              })),
            ),
            2,
          ] as const,
      ),
    ]
    for (const [what, index, most] of cases) {
      await using at = await lying()
      at.registry.addManifest(index, 'latest')
      // Whatever is asked for next, it is the same index again.
      at.registry.bend(/manifests\/sha256/, { body: index.bytes, type: OCI_INDEX })
      const risen = await memoryRisenBy(() => failsWith(at, /digest-mismatch|too-large/))
      assert(at.registry.seen.length <= most, `${what}: ${at.registry.asked().join(' ')}`)
      assert(risen < 64 * MIB, `${what}: ${risen} bytes more are held`)
    }
  })

  it('R8 an index in ten indexes is followed a little way only', async () => {
    await using at = await lying()
    let inner: Blob = image.manifest
    for (let depth = 0; depth < 10; depth++) {
      inner = indexOf([{ ...descriptorOf(inner), platform: amd64 }])
      at.registry.addManifest(inner)
    }
    at.registry.addManifest(inner, 'latest')
    await failsWith(at, 'registry-protocol')
    assert(at.registry.seen.length <= 5, at.registry.asked().join(' '))
  })

  for (const digest of [
    'sha256:../../x',
    `sha256:${'../'.repeat(21)}x`,
    `sha256:${'A'.repeat(64)}`,
    `sha256:${'a'.repeat(63)}`,
    `sha384:${'a'.repeat(64)}`,
    `md5:${'a'.repeat(32)}`,
    `sha256:${'a'.repeat(64)}/../../x`,
    `sha256:${'a'.repeat(64)}?x=`,
    'sha256:',
  ])
    it(`R9 the digest ${digest.slice(0, 24)} is refused by name, and is never a path`, async () => {
      for (const document of [
        manifestOf({ ...good, layers: [{ ...good.layers[0], digest }, good.layers[1]] }),
        manifestOf({ ...good, config: { ...good.config, digest } }),
        indexOf([{ ...descriptorOf(image.manifest), digest, platform: amd64 }]),
      ]) {
        await using at = await lying()
        at.registry.addManifest(document, 'latest')
        await failsWith(at, 'registry-protocol')
        assert.deepEqual(at.registry.asked(), ['/v2/', 'manifests/latest'])
        assert.deepEqual([at.engine.visible(), at.engine.unfinished()], [[], []])
      }
      await using at = await lying()
      at.registry.bend(/manifests\/latest/, { headers: { 'docker-content-digest': digest } })
      await failsWith(at, 'registry-protocol')
    })
})

describe('a pull of an image with a hostile configuration', () => {
  const withConfig = async (config: Record<string, unknown>, rest: object = {}, annotations: object = {}) => {
    const built = await imageOf({ layers: [[file('a', 'a')]], config, platform: amd64 })
    const packed = await packImage(
      { ...built, config: { ...built.config, ...rest } },
      { compression: 'none' },
    )
    const document = JSON.parse(Buffer.from(packed.manifest.bytes).toString()) as object
    return { ...packed, target: manifestOf({ ...document, annotations }) }
  }

  const refusedAt = async (
    hostile: Awaited<ReturnType<typeof withConfig>>,
    problem: string,
    cause: RegExp,
  ) => {
    await using at = await lying()
    at.registry.addImage(hostile, 'latest')
    const { failure } = await failsWith(at, problem, [hostile.config, ...hostile.layers])
    assert.match(failure.cause, cause)
    assert.deepEqual([at.engine.visible(), at.engine.unfinished()], [[], []])
    assert(!at.registry.asked().some(path => path.endsWith(hostile.layers[0]?.digest ?? '')))
  }

  it('M1 as many diff ids as layers, or nothing is fetched', async () => {
    for (const diff_ids of [[], [sha256('a'), sha256('b')], null])
      await refusedAt(
        await withConfig({}, { rootfs: { type: 'layers', diff_ids } }),
        'registry-protocol',
        /diff ids/,
      )
  })

  it('M5 labels in reserved words are left out and told of by name, annotations are never read', async () => {
    const reserved = [
      'shiplog.salt',
      'containerd.io/gc.root',
      'io.kubernetes.cri.x',
      'run.oci.handler',
      'io.podman.x',
    ]
    const Labels = Object.fromEntries(['mine', ...reserved].map(name => [name, `canary of ${name}`]))
    await using at = await lying()
    const hostile = await withConfig({ Labels }, {}, { 'containerd.io/gc.root': 'canary of an annotation' })
    at.registry.addImage(hostile, 'latest')
    const { events, failure } = await at.engine.pull(at.name)
    assert.equal(failure, null)
    const [stripped, ...more] = at.engine.eventsOf(events, 'ReservedLabelsStripped')
    assert.deepEqual(
      [stripped?.config, stripped?.labels.toSorted(), more],
      [hostile.config.digest, reserved.toSorted(), []],
    )
    for (const { image } of at.engine.eventsOf(events, 'ManifestResolved'))
      assert.deepEqual(image.labels, { mine: 'canary of mine' })
    for (const { target } of at.engine.eventsOf(events, 'ImageNamed'))
      assert.deepEqual(target.image.labels, { mine: 'canary of mine' })
    assert.doesNotMatch(at.engine.logText(), /canary of (?!mine)/)
  })

  it('M5 where there are none, nothing is said', async () => {
    await using at = await lying()
    const { events } = await at.engine.pull(at.name)
    assert.equal(at.engine.eventsOf(events, 'ManifestResolved').length, 1)
    assert.equal(at.engine.eventsOf(events, 'ReservedLabelsStripped').length, 0)
  })

  it('M6 a working directory in /proc or without end is refused', async () => {
    await refusedAt(
      await withConfig({ WorkingDir: '/proc/self/fd/7' }),
      'registry-protocol',
      /working directory/,
    )
    await refusedAt(
      await withConfig({ WorkingDir: `/${'x'.repeat(65_536)}` }),
      'too-large',
      /working directories/,
    )
  })

  it('M7 an environment without end is refused, and memory stays flat', async () => {
    const cases = [
      { Env: ['A=\0'], problem: 'registry-protocol' },
      { Env: [`A=${'x'.repeat(MIB)}`], problem: 'too-large' },
      { Env: Array.from({ length: 100_000 }, (_, i) => `A${i}=`), problem: 'too-large' },
    ]
    for (const { Env, problem } of cases) {
      const hostile = await withConfig({ Env })
      const risen = await memoryRisenBy(() => refusedAt(hostile, problem, /variables/))
      assert(risen < 96 * MIB, `${risen} bytes more are held`)
    }
  })

  it('M7 a configuration of which no part is too large, and that no event can hold, ends its pull', async () => {
    const Labels = Object.fromEntries(Array.from({ length: 700 }, (_, i) => [`l${i}`, 'x'.repeat(1000)]))
    const reserved = Object.fromEntries(
      Array.from({ length: 700 }, (_, i) => [`shiplog.${'x'.repeat(1000)}${i}`, '']),
    )
    const Env = Array.from({ length: 700 }, (_, i) => `V${i}=${'x'.repeat(1000)}`)
    const history = Array.from({ length: 100 }, () => ({ created_by: '\u0001'.repeat(4000) }))
    await refusedAt(await withConfig({ Labels, Env }), 'too-large', /in all/)
    await refusedAt(await withConfig({ Env, Labels: reserved }), 'too-large', /in all/)
    await refusedAt(await withConfig({}, { history }), 'too-large', /in all/)
  })

  it('M7 what is as large as may be recorded is recorded', async () => {
    await using at = await lying()
    const Labels = Object.fromEntries(Array.from({ length: 240 }, (_, i) => [`l${i}`, 'x'.repeat(1000)]))
    const Env = Array.from({ length: 240 }, (_, i) => `V${i}=${'x'.repeat(1000)}`)
    const layers = Array.from({ length: LIMITS.maxLayers }, () => [file('f', '')])
    const built = await imageOf({ layers, config: { Labels, Env }, platform: amd64 })
    at.registry.addImage(await packImage(built), 'latest')
    assert.equal((await at.engine.pull(at.name)).failure, null)
  })

  it('M7 what a refusal says of an environment has no value of it', async () => {
    for (const Env of [
      ['=canary-value'],
      ['A=canary-value\0'],
      ['A=1', { canary: 'canary-value' }],
      'canary-value',
    ]) {
      await using at = await lying()
      at.registry.addImage(await withConfig({ Env }), 'latest')
      await failsWith(at, 'registry-protocol')
      assert.doesNotMatch(at.engine.logText(), /canary-value/)
    }
  })

  it('M8 volumes are inside the root of the image', async () => {
    await using at = await lying()
    const Volumes = { '/../../etc': {}, '../../x': {}, '/proc': {} }
    at.registry.addImage(await withConfig({ Volumes }), 'latest')
    const { events } = await at.engine.pull(at.name)
    const [resolved] = at.engine.eventsOf(events, 'ManifestResolved')
    assert.deepEqual(resolved?.image.defaults.volumes, ['/etc', '/x', '/proc'])
  })
})

describe('a pull from a registry that sends us about', () => {
  for (const location of [
    'file:///etc/passwd',
    'http://169.254.169.254/latest/meta-data/',
    'http://[fe80::1]/x',
    'unix:/run/shiplog/shiplog.sock',
    'javascript:x',
    '//',
  ])
    it(`R10 is not followed to ${location}`, async () => {
      await using at = await lying()
      at.registry.bend(onlyOne(large), { location })
      const { failure } = await failsWith(at, /^registry-(?:protocol|refused)$/, [large])
      assert(!failure.cause.includes('root:'), failure.cause)
    })

  it('R10 shows what is for one registry to no other', async () => {
    await using other = await startHostileRegistry('127.0.0.2')
    other.addImage(image, 'latest')
    await using at = await lying({
      credentials: () => Promise.resolve({ kind: 'password', username: 'alice', password: 'canary-r10' }),
    })
    at.registry.bend(/manifests|blobs/, ({ authorization, path }) =>
      authorization === null
        ? { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } }
        : { location: `${other.url}/v2/${path}` },
    )
    assert.equal((await at.engine.pull(at.name)).failure, null)
    assert(other.seen.length > 3)
    for (const { headers, url } of other.seen) assert.equal(headers.authorization, undefined, url)
    assert.doesNotMatch(at.engine.logText(), /canary-r10|YWxpY2U6/)
  })

  it('R11 a realm elsewhere, without TLS, or that is none gets no password, and the log has none', async () => {
    await using elsewhere = await startHostileRegistry('127.0.0.3')
    for (const realm of [
      'http://evil.test/token',
      'http://user:pass@127.0.0.1/token',
      'file:///etc/passwd',
      '/token',
      '',
    ]) {
      await using at = await lying({
        credentials: () => Promise.resolve({ kind: 'password', username: 'alice', password: 'canary-r11' }),
      })
      const challenge = `Bearer realm="${realm}",service="${elsewhere.host}"`
      at.registry.bend(/manifests/, { status: 401, headers: { 'www-authenticate': challenge } })
      await failsWith(at, 'registry-unauthorized')
      for (const { headers } of at.registry.seen) assert.equal(headers.authorization, undefined)
      assert.doesNotMatch(at.engine.logText(), /canary-r11/)
    }
    assert.equal(elsewhere.seen.length, 0)
  })

  it('R11 a token that is asked for again and again is given up', async () => {
    await using at = await lying({
      credentials: () => Promise.resolve({ kind: 'registry-token', token: 'canary-token' }),
    })
    at.registry.bend(/manifests/, { status: 401, headers: { 'www-authenticate': 'Bearer realm="x"' } })
    await failsWith(at, 'registry-unauthorized')
    assert(at.registry.seen.length <= 4)
    assert.doesNotMatch(at.engine.logText(), /canary-token/)
  })
})

describe('a pull from a registry that is busy', () => {
  for (const [status, wish] of [
    [429, '0'],
    [503, '1000000000'],
    [503, 'Thu, 01 Jan 1970 00:00:00 GMT'],
  ] as const)
    it(`R12 ${status} with Retry-After ${wish} ends after a bounded number of bounded pauses`, async () => {
      const pauses: Array<number> = []
      const pause = async (ms: number) => void pauses.push(ms)
      await using at = await lying({ patience: { ...PATIENCE, random: () => 0.5, pause } })
      at.registry.bend(/manifests/, { status, headers: { 'retry-after': wish } })
      await failsWith(at, 'registry-unreachable')
      assert.equal(pauses.length, PATIENCE.attempts - 1)
      assert(
        pauses.every(ms => ms > 0 && ms <= PATIENCE.longestMs),
        pauses.join(' '),
      )
    })

  for (const about of [/manifests/, /blobs/])
    it(`R12 a daemon that stops does not wait for it (${about}), and goes on with the pull later`, async () => {
      await using at = await lying({ patience: PATIENCE })
      at.registry.bend(about, { status: 503, headers: { 'retry-after': '1000000000' } })
      const asked = await at.engine.ask(at.name)
      while (!at.registry.asked().some(path => about.test(path))) await sleep(5)
      const began = performance.now()
      await at.engine.stop()
      assert(performance.now() - began < 2000)
      assert(!at.engine.trial.types().includes('ImagePullFailed'), 'to stop is not to fail')
      at.registry.behave()
      at.engine.start()
      assert.equal((await at.engine.ended(asked)).failure, null)
    })

  it('R12 a registry that says nothing at all is given up, and left when we stop', async () => {
    await using at = await lying({ silenceMs: 100, patience: { ...PATIENCE, attempts: 2, firstMs: 1 } })
    at.registry.bend(onlyOne(large), { stallAfter: 0 })
    await failsWith(at, 'registry-unreachable', [large])
  })
})
