import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dockerCredentials } from '../../../src/adapters/distribution/docker-credentials.ts'
import { endpointsOf, isLoopback } from '../../../src/adapters/distribution/endpoints.ts'
import { imageOf, packImage, sha256 } from '../../support/image.ts'
import { startRegistry } from '../../support/registry.ts'
import { client, descriptorOf, fetchWhole, resolve } from './asking.ts'

const image = await packImage(await imageOf({ layers: [[{ name: 'a', content: 'a' }]] }))
const none = { mirrors: {}, insecure: [] }

const originsOf = (domain: string, options: Partial<Parameters<typeof endpointsOf>[2]> = {}) =>
  endpointsOf(domain, 'library/app', { ...none, ...options }).flatMap(({ origins }) => [...origins])

describe('where a repository is asked for', () => {
  it('docker.io is served by another host, whose credentials are still docker.io’s', () =>
    assert.deepEqual(endpointsOf('docker.io', 'library/app', none), [
      { origins: ['https://registry-1.docker.io'], host: 'docker.io', mirror: null, path: 'library/app' },
    ]))

  it('it is over TLS, but for the loopback interface and hosts that were named', () => {
    assert.deepEqual(originsOf('ghcr.io'), ['https://ghcr.io'])
    assert.deepEqual(originsOf('localhost.evil.test'), ['https://localhost.evil.test'])
    assert.deepEqual(originsOf('127.0.0.1.evil.test'), ['https://127.0.0.1.evil.test'])
    assert.deepEqual(originsOf('localhost:5000'), ['http://localhost:5000', 'https://localhost:5000'])
    assert.deepEqual(originsOf('[::1]:5000'), ['http://[::1]:5000', 'https://[::1]:5000'])
    assert.deepEqual(originsOf('127.1.2.3'), ['http://127.1.2.3', 'https://127.1.2.3'])
    assert.deepEqual(originsOf('localhost:443'), ['https://localhost:443'])
    assert.deepEqual(originsOf('lan:5000', { insecure: ['lan:5000'] }), [
      'https://lan:5000',
      'http://lan:5000',
    ])
    assert.deepEqual(originsOf('lan:5001', { insecure: ['lan:5000'] }), ['https://lan:5001'])
  })

  it('mirrors come first, with a path of their own where they have one', () =>
    assert.deepEqual(
      endpointsOf('docker.io', 'library/app', {
        mirrors: { 'docker.io': ['https://mirror.test/hub/', 'lan:5000'] },
        insecure: [],
      }),
      [
        {
          origins: ['https://mirror.test'],
          host: 'mirror.test',
          mirror: 'https://mirror.test/hub/',
          path: 'hub/library/app',
        },
        { origins: ['https://lan:5000'], host: 'lan:5000', mirror: 'lan:5000', path: 'library/app' },
        { origins: ['https://registry-1.docker.io'], host: 'docker.io', mirror: null, path: 'library/app' },
      ],
    ))

  it('a registry may be called what every object is', async () => {
    for (const domain of ['toString', 'hasOwnProperty', 'valueOf']) {
      assert.deepEqual(originsOf(domain), [`https://${domain}`])
      await using asking = client({ credentials: dockerCredentials('/nonexistent/config.json') })
      await assert.rejects(resolve(asking, `${domain}/app:latest`), {
        problem: 'registry-unreachable',
        cause: /ENOTFOUND|EAI_AGAIN/,
      })
    }
  })

  it('this machine has more than one name', () => {
    for (const name of ['localhost', 'LOCALHOST', '127.0.0.1', '127.255.0.1', '::1', '[::1]'])
      assert(isLoopback(name))
    for (const name of ['localhost.test', '128.0.0.1', '127.0.0.1.test', '::2', '']) assert(!isLoopback(name))
  })
})

describe('a mirror', () => {
  const both = async () => {
    const [mirror, registry] = await Promise.all([startRegistry('127.0.0.2'), startRegistry()])
    registry.addImage(image, 'latest')
    const asking = client({ mirrors: { [registry.host]: [mirror.host] } })
    return {
      mirror,
      registry,
      asking,
      name: `${registry.host}/app:latest`,
      [Symbol.asyncDispose]: async () => {
        await Promise.all([asking.close(), mirror[Symbol.asyncDispose](), registry[Symbol.asyncDispose]()])
      },
    }
  }

  it('is asked instead of the registry, and named in the answer', async () => {
    await using at = await both()
    at.mirror.addImage(image, 'latest')
    const { registry, mirror, domain } = await resolve(at.asking, at.name)
    assert.deepEqual([registry, mirror, domain], [at.mirror.host, at.mirror.host, at.registry.host])
    assert.equal(at.registry.seen.length, 0)
  })

  it('that does not have the image, or is broken, is passed over', async () => {
    await using at = await both()
    assert.equal((await resolve(at.asking, at.name)).mirror, null)
    at.mirror.misbehave((_, response) => {
      response.writeHead(503, { 'retry-after': '3600' }).end()
      return true
    })
    assert.equal((await resolve(at.asking, at.name)).mirror, null)
    at.mirror.misbehave((_, response) => {
      response.destroy()
      return true
    })
    assert.equal((await resolve(at.asking, at.name)).mirror, null)
  })

  it('that breaks off in a blob is gone on without', async () => {
    await using at = await both()
    const [layer = assert.fail()] = image.layers
    at.mirror.misbehave((request, response) => {
      if (request.url?.includes('/blobs/') !== true) return false
      response.writeHead(200, { 'content-length': layer.size })
      response.write(layer.bytes.subarray(0, 10), () => setTimeout(() => response.destroy(), 5))
      return true
    })
    assert.deepEqual(
      await fetchWhole(at.asking, at.registry.host, descriptorOf(layer)),
      Buffer.from(layer.bytes),
    )
    assert.equal(at.registry.seen.at(-1)?.headers.range, 'bytes=10-')
  })

  it('does not hide what the registry itself says', async () => {
    await using at = await both()
    await assert.rejects(resolve(at.asking, `${at.registry.host}/app@${sha256('x')}`), {
      problem: 'image-not-found',
      cause: new RegExp(at.registry.host),
    })
  })
})

describe('a registry that is not there', () => {
  it('is unreachable, and that may pass', async () => {
    await using asking = client()
    await assert.rejects(resolve(asking, 'localhost:1/app:latest'), {
      reason: 'unavailable',
      problem: 'registry-unreachable',
    })
  })

  it('has a name that cannot be resolved', async () => {
    await using asking = client()
    await assert.rejects(resolve(asking, 'registry.invalid/app:latest'), { problem: 'registry-unreachable' })
  })
})
