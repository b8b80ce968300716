import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { transfer } from '../../../src/adapters/distribution/blob-transfer.ts'
import { parseBounded } from '../../../src/adapters/distribution/bounded-json.ts'
import { parseChallenges } from '../../../src/adapters/distribution/challenge.ts'
import { pauseAfter, PATIENCE } from '../../../src/adapters/distribution/patience.ts'
import { registryAuth } from '../../../src/adapters/distribution/registry-auth.ts'
import type { Http, Response } from '../../../src/adapters/distribution/registry-http.ts'
import type { Repository } from '../../../src/adapters/distribution/repository.ts'
import { readImageConfig } from '../../../src/domain/distribution/image-config.ts'
import { LIMITS, OCI_INDEX, OCI_MANIFEST } from '../../../src/domain/distribution/manifest.ts'
import { parseReference } from '../../../src/domain/distribution/reference.ts'
import { select } from '../../../src/domain/distribution/selection.ts'
import { Digest } from '../../../src/domain/kernel/identifiers.ts'
import { isEffectFailure } from '../../../src/domain/kernel/problem.ts'
import { startHostileRegistry } from '../../support/hostile-registry.ts'
import { blobOf, file, imageOf, packImage } from '../../support/image.ts'
import type { Blob, PackedImage } from '../../support/image.ts'
import { runs } from '../../support/long.ts'
import { mutationsOf, poisoningsOf } from '../../support/mutation.ts'
import { memoryRisenBy } from '../../support/pulling-engine.ts'
import { amd64, client, descriptorOf, resolve } from './asking.ts'

// Whatever a registry says, it is read or refused: nothing is thrown, nothing hangs, nothing grows.

const image = await packImage(
  await imageOf({
    layers: [[file('a', 'a')], [file('b', 'b')]],
    config: { Labels: { a: 'b' }, Volumes: { '/data': {} }, ExposedPorts: { '80/tcp': {} }, User: '1:2' },
    platform: { os: 'linux', architecture: 'amd64' },
  }),
  { index: true },
)
const [layer = assert.fail()] = image.layers
const index = image.index ?? assert.fail()
const json = ({ bytes }: Blob) => JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>
const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value))

/** The image with other bytes in the place of one of its documents, and every digest that names it made to fit. */
const withDocument = (kind: 'index' | 'manifest' | 'config', bytes: Uint8Array): PackedImage => {
  const config =
    kind === 'config' ? { ...image.config, ...blobOf(image.config.mediaType, bytes) } : image.config
  const manifest =
    kind === 'manifest'
      ? blobOf(OCI_MANIFEST, bytes)
      : blobOf(OCI_MANIFEST, bytesOf({ ...json(image.manifest), config: descriptorOf(config) }))
  const platform = { os: 'linux', architecture: 'amd64' }
  const outer =
    kind === 'index'
      ? blobOf(OCI_INDEX, bytes)
      : blobOf(OCI_INDEX, bytesOf({ ...json(index), manifests: [{ ...descriptorOf(manifest), platform }] }))
  return { ...image, config, manifest, index: outer, target: outer }
}

const refusals = [
  ...['registry-protocol', 'too-large', 'platform-not-found', 'digest-mismatch', 'size-mismatch'],
  // Bitten digests are asked for, and are not there.
  ...['image-not-found'],
]

describe('documents of a registry, bitten', () => {
  for (const kind of ['index', 'manifest', 'config'] as const) {
    const honest = { index, manifest: image.manifest, config: image.config }[kind]
    for (const [how, bitten] of [
      ['in their bytes', mutationsOf(honest.bytes)],
      ['in their parts', poisoningsOf(json(honest)).map(bytesOf)],
    ] as const)
      it(`R5 ${kind}: ${how}, they are read or refused at once`, async () => {
        await using registry = await startHostileRegistry()
        await using asking = client()
        const risen = await memoryRisenBy(() =>
          fc.assert(
            fc.asyncProperty(bitten, async bytes => {
              registry.addImage(withDocument(kind, bytes), 'latest')
              const asked = registry.seen.length
              try {
                const { layers } = await resolve(asking, `${registry.host}/app:latest`)
                for (const { blob, diffId, chainId } of layers)
                  assert([blob.digest, diffId, chainId].every(Digest.is))
              } catch (failure) {
                assert(isEffectFailure(failure), String(failure))
                assert.equal(failure.reason, 'refused', failure.cause)
                assert(refusals.includes(failure.problem), JSON.stringify(failure))
                assert(failure.cause.length < 1000, failure.cause)
              }
              assert(registry.seen.length - asked <= 7)
            }),
            { numRuns: runs(150, 5000) },
          ),
        )
        assert(risen < 128 * 2 ** 20, `${risen} bytes more are held`)
      })
  }

  it('R5 documents of two million brackets are refused at once', async () => {
    const abyss = (before: string, after: string) => {
      const depth = (LIMITS.maxDocument - before.length - after.length) / 2 - 1
      return Buffer.from(before + '['.repeat(depth) + ']'.repeat(depth) + after)
    }
    for (const [kind, bytes] of [
      ['index', abyss('', '')],
      ['index', abyss('{"schemaVersion":', '}')],
      ['manifest', abyss('{"schemaVersion":2,"layers":[],"config":', '}')],
      ['config', abyss('{"rootfs":{"diff_ids":[]},"config":', '}')],
      ['config', Buffer.from('{"a":'.repeat(500_000))],
    ] as const) {
      await using registry = await startHostileRegistry()
      await using asking = client()
      registry.addImage(withDocument(kind, bytes), 'latest')
      const before = process.cpuUsage()
      await assert.rejects(resolve(asking, `${registry.host}/app:latest`), {
        reason: 'refused',
        problem: 'registry-protocol',
      })
      const { user } = process.cpuUsage(before)
      assert(user < 700_000, `${kind}: ${user} µs of work`)
    }
  })

  it('R5 a document may be as deep as documents are', () => {
    const nested = (depth: number) =>
      Buffer.from('{"[":"{{[[\\"[[","a":'.repeat(depth) + '1' + '}'.repeat(depth))
    assert.notEqual(parseBounded(nested(64)), undefined)
    assert.equal(parseBounded(nested(65)), undefined)
    for (const bytes of ['', '[', '\xff', '{"a":1}x', '"\\'].map(text => Buffer.from(text, 'latin1')))
      assert.equal(parseBounded(bytes), undefined)
  })

  it('R8 platforms are words, also those that every object knows', () => {
    const word = fc.oneof(
      fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty'),
      fc.string(),
    )
    fc.assert(
      fc.property(word, word, word, (os, architecture, variant) => {
        const entry = {
          descriptor: { ...descriptorOf(image.manifest) },
          platform: { os, architecture, variant },
        }
        const chosen = select([entry, { ...entry, platform: amd64 }], amd64)
        assert.equal(chosen?.digest, image.manifest.digest)
        const read = readImageConfig({ ...json(image.config), os, architecture, variant }, 2)
        assert(E.isLeft(read) || read.right.image.architecture === architecture)
      }),
      { numRuns: runs(300, 50_000) },
    )
  })

  it('R9 only one kind of text is a digest, and no digest is a path', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          mutationsOf(Buffer.from(layer.digest)).map(bytes => bytes.toString()),
          fc.string({ unit: 'binary' }),
        ),
        text => {
          assert.equal(Digest.is(text), text.length === 71 && /^sha256:[0-9a-f]{64}(?![^])/.test(text))
        },
      ),
      { numRuns: runs(300, 100_000) },
    ))

  it('references, bitten, are read or refused, and what is read can be asked for', () =>
    fc.assert(
      fc.property(
        mutationsOf(Buffer.from(`reg.example.com:5000/team/app:1.0@${layer.digest}`)).map(String),
        text => {
          const read = parseReference(text)
          if (E.isLeft(read)) return
          const { domain, path, tag, digest } = read.right
          const url = new URL(`https://${domain}/v2/${path}/manifests/${digest ?? tag}`)
          assert.equal(url.pathname, `/v2/${path}/manifests/${digest ?? tag}`)
        },
      ),
      { numRuns: runs(1000, 100_000) },
    ))
})

describe('headers of a registry, bitten', () => {
  const challenge =
    'Bearer realm="https://a.test/t?x=1,2",service="r",scope="repository:a:pull", Basic realm="x"'

  it('R11 challenges are read or refused, in no time', () => {
    const began = performance.now()
    const text = fc.oneof(
      mutationsOf(Buffer.from(challenge)).map(String),
      fc.string({ unit: 'binary' }),
      fc
        .array(fc.constantFrom('a', ' ', '=', '"', ',', '\\', '\t', 'realm'), { maxLength: 8000 })
        .map(parts => parts.join('')),
    )
    fc.assert(
      fc.property(text, value => {
        try {
          for (const { scheme, params } of parseChallenges(value)) {
            assert.equal(scheme, scheme.toLowerCase())
            for (const param of Object.values(params)) assert.doesNotMatch(param, /[\0-\x1f\x7f]/)
          }
        } catch (failure) {
          assert(isEffectFailure(failure), String(failure))
        }
      }),
      { numRuns: runs(500, 20_000) },
    )
    assert(performance.now() - began < runs(5000, 200_000))
  })

  it('R12 whatever is wished for, a pause is within its bounds', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2000 }),
        fc.oneof(
          fc.string(),
          fc.double().map(String),
          fc.date({ noInvalidDate: true }).map(date => date.toUTCString()),
          mutationsOf(Buffer.from('Tue, 24 Nov 2026 10:00:00 GMT')).map(String),
        ),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, wish, chance) => {
          const ms = pauseAfter(failures, wish, { ...PATIENCE, random: () => chance })
          assert(ms >= PATIENCE.firstMs / 2 && ms <= PATIENCE.longestMs, `${ms}`)
        },
      ),
      { numRuns: runs(1000, 100_000) },
    ))

  it('R14 whatever part is said to come, a blob is itself or nothing', async () => {
    const bytes = Buffer.from(Array.from({ length: 300 }, (_, i) => i % 251))
    const blob = descriptorOf(blobOf('application/vnd.oci.image.layer.v1.tar', bytes))
    const number = fc.oneof(
      fc.nat(400).map(String),
      fc.constantFrom('-1', '1e3', '', '99999999999999999999', '*'),
    )
    const contentRange = fc.oneof(
      fc.tuple(number, number, number).map(([from, to, total]) => `bytes ${from}-${to}/${total}`),
      mutationsOf(Buffer.from('bytes 100-299/300')).map(String),
    )
    const answer = fc.record({
      status: fc.constantFrom(200, 206, 206, 206, 416),
      contentRange,
      length: fc.option(number),
      from: fc.nat(400),
      bytes: fc.nat(400),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(answer, { maxLength: 12 }), fc.nat(300), async (answers, offset) => {
        const script = answers.values()
        const get: Repository['get'] = async (_, headers, use) => {
          const next = script.next().value ?? null
          const start = Number(/\d+/.exec(headers['range'] ?? '')?.[0] ?? 0)
          const honest = {
            status: start > 0 ? 206 : 200,
            contentRange: `bytes ${start}-299/300`,
            length: null,
          }
          const { status, contentRange, length } = next ?? honest
          // A registry that lies about where a part begins, and is right about what it holds.
          const said = Number(/^bytes (\d+)-/.exec(contentRange)?.[1] ?? 0)
          const body =
            next === null
              ? bytes.subarray(start)
              : bytes.subarray(status === 206 ? said : 0).subarray(0, next.bytes)
          return use({
            statusCode: status,
            headers: {
              'content-range': contentRange,
              ...(length === null ? {} : { 'content-length': length }),
            },
            body: Object.assign(Readable.from(body.length === 0 ? [] : [body]), { dump: async () => {} }),
          } as unknown as Response)
        }
        const place = { origin: 'https://a.test', host: 'a.test', mirror: null, path: 'a' }
        const patience = { ...PATIENCE, pause: () => Promise.resolve() }
        const got: Array<Uint8Array> = []
        try {
          const signal = new AbortController().signal
          for await (const piece of transfer({ place, get }, blob, offset, {
            patience,
            signal,
            progress: () => {},
          }))
            got.push(piece)
        } catch (failure) {
          assert(isEffectFailure(failure), String(failure))
        }
        // All that came is in its place, and there is no byte too many.
        const all = Buffer.concat(got)
        assert.deepEqual(all, bytes.subarray(offset, offset + all.length))
      }),
      { numRuns: runs(500, 50_000) },
    )
  })

  it('R10 wherever a redirect leads, it is followed over HTTP or refused', async () => {
    await using registry = await startHostileRegistry()
    await using asking = client({ patience: { ...PATIENCE, attempts: 1 } })
    const location = fc.oneof(
      mutationsOf(Buffer.from(`${registry.url}/v2/app/blobs/x`)).map(bytes => bytes.toString('latin1')),
      fc.webUrl({ validSchemes: ['file', 'ftp', 'ws', 'gopher', 'unix', 'blob'] }),
    )
    await fc.assert(
      fc.asyncProperty(
        location.filter(text => /^[\x20-\x7e]*$/.test(text) && !/^https?:/.test(text)),
        async location => {
          registry.behave()
          registry.bend(/manifests/, ({ nth }) => (nth === 1 ? { location } : { status: 404 }))
          await assert.rejects(
            resolve(asking, `${registry.host}/app:latest`),
            (failure: unknown) => isEffectFailure(failure) && failure.reason === 'refused',
          )
        },
      ),
      { numRuns: runs(60, 3000) },
    )
  })
})

describe('tokens, bitten', () => {
  const place = { origin: 'https://reg.example.com', host: 'reg.example.com', path: 'app', mirror: null }
  const asking = { place, credentialsKey: 'one', signal: new AbortController().signal }
  const challenge = { headers: { 'www-authenticate': 'Bearer realm="https://reg.example.com/t"' } }
  const good = bytesOf({ token: 'abc.def', access_token: 'abc', expires_in: 300, issued_at: 'x' })

  it('R11 a token is fit for a header and forgotten within an hour, or there is none', () =>
    fc.assert(
      fc.asyncProperty(
        fc.oneof(
          mutationsOf(good),
          poisoningsOf(JSON.parse(good.toString())).map(value => Buffer.from(JSON.stringify(value) ?? '')),
          fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
        ),
        async bytes => {
          const http: Http = {
            ask: async () =>
              ({
                statusCode: 200,
                headers: {},
                body: Object.assign(Readable.from([bytes]), { dump: async () => {} }),
              }) as unknown as Response,
            close: async () => {},
          }
          let now = 0
          const auth = registryAuth(
            http,
            () => Promise.resolve(null),
            () => now,
          )
          try {
            const shown = await auth.answer(challenge as unknown as Response, asking)
            assert.match(shown, /^Bearer [\x21-\x7e]+$/)
            assert.equal(auth.known(asking), shown)
            now = 3600 * 1000
            assert.equal(auth.known(asking), null)
          } catch (failure) {
            assert(isEffectFailure(failure), String(failure))
            // Whoever reads the refusal learns nothing of the token.
            assert.doesNotMatch(failure.cause, /abc/)
          }
        },
      ),
      { numRuns: runs(500, 50_000) },
    ))
})
