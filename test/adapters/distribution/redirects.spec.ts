import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isLinkLocal } from '../../../src/adapters/distribution/endpoints.ts'
import { openHttp } from '../../../src/adapters/distribution/registry-http.ts'
import { blobOf } from '../../support/image.ts'
import { startRegistry } from '../../support/registry.ts'
import type { TestRegistry } from '../../support/registry.ts'
import { client, descriptorOf, fetchWhole } from './asking.ts'

const blob = blobOf('application/vnd.oci.image.layer.v1.tar', Buffer.from('what is elsewhere'))

const sendTo = (registry: TestRegistry, location: string, status = 307) =>
  registry.misbehave((request, response) => {
    if (request.url?.includes('/blobs/') !== true) return false
    if (request.headers.authorization === undefined && request.headers.host === registry.host)
      response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end()
    else response.writeHead(status, { location }).end()
    return true
  })

const signedIn = () =>
  client({ credentials: () => Promise.resolve({ kind: 'password', username: 'alice', password: 'secret' }) })

describe('a registry that sends us elsewhere', () => {
  for (const status of [301, 302, 303, 307, 308])
    it(`R10: is followed (${status}), without the credentials that are for it alone`, async () => {
      await using registry = await startRegistry()
      await using store = await startRegistry()
      await using asking = signedIn()
      store.addBlob(blob)
      sendTo(registry, `${store.url}/v2/app/blobs/${blob.digest}`, status)
      const got = await fetchWhole(asking, registry.host, descriptorOf(blob))
      assert.deepEqual(got, Buffer.from(blob.bytes))
      assert.deepEqual(
        store.seen.map(({ headers }) => headers.authorization),
        [undefined],
      )
    })

  it('R10: is shown its credentials again where it sends us to itself', async () => {
    await using registry = await startRegistry()
    await using asking = signedIn()
    registry.addBlob(blob)
    registry.misbehave((request, response) => {
      if (request.url?.startsWith('/v2/app/blobs/') !== true) return false
      if (request.headers.authorization === undefined)
        response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end()
      else response.writeHead(302, { location: `/v2/moved/blobs/${blob.digest}` }).end()
      return true
    })
    await fetchWhole(asking, registry.host, descriptorOf(blob))
    assert.match(registry.seen.at(-1)?.headers.authorization ?? '', /^Basic /)
  })

  for (const location of [
    'file:///etc/passwd',
    'ftp://127.0.0.1/x',
    'data:text/plain,x',
    'http://169.254.169.254/latest/meta-data',
    'http://[fe80::1]/x',
    'http://[::ffff:169.254.169.254]/x',
    'http://0xa9fea9fe/latest/meta-data',
    'http://2852039166/latest/meta-data',
    'https://',
    '',
  ])
    it(`R10: is not followed to ${JSON.stringify(location)}`, async () => {
      await using registry = await startRegistry()
      await using asking = signedIn()
      sendTo(registry, location)
      await assert.rejects(fetchWhole(asking, registry.host, descriptorOf(blob)), { reason: 'refused' })
    })

  it('R10: is followed five times, and not in circles', async () => {
    await using registry = await startRegistry()
    await using asking = client()
    let sent = 0
    registry.misbehave((request, response) => {
      if (request.url === '/v2/') return false
      sent += 1
      response.writeHead(307, { location: request.url }).end()
      return true
    })
    await assert.rejects(fetchWhole(asking, registry.host, descriptorOf(blob)), {
      reason: 'refused',
      problem: 'registry-protocol',
    })
    assert.equal(sent, 6)
  })

  const named: Readonly<Record<string, ReadonlyArray<string>>> = {
    'far.test': ['203.0.113.7'],
    'near.test': ['127.0.0.1'],
    'metadata.test': ['169.254.169.254'],
    'mapped.test': ['::ffff:127.0.0.1'],
    'unspecified.test': ['0.0.0.0'],
  }
  /** What is asked of names that stand for these addresses; far away is this machine too, or nothing would answer. */
  const asking = (isFarAway: (hostname: string) => boolean = () => false) =>
    openHttp({
      resolve: async hostname =>
        (named[hostname] ?? []).map(address => ({
          address: isFarAway(hostname) ? '127.0.0.1' : address,
          family: address.includes(':') ? 6 : 4,
        })),
    })

  const sentFrom = async (first: string, location: string) => {
    await using registry = await startRegistry()
    const port = new URL(registry.url).port
    registry.misbehave((request, response) => {
      if (request.url !== '/') return false
      response.writeHead(307, { location: location.replace('PORT', port) }).end()
      return true
    })
    let asked = 0
    // The first time is the asking itself; what is asked after that is where it is.
    const http = asking(hostname => hostname === 'far.test' && asked++ === 0)
    try {
      const url = new URL(`http://${first}:${port}/`)
      const { statusCode } = await http.ask({ url, headers: {}, signal: new AbortController().signal })
      return { statusCode, seen: registry.seen.length }
    } catch (failure) {
      return { failure: failure as { problem: string; cause: string }, seen: registry.seen.length }
    } finally {
      await http.close()
    }
  }

  for (const location of [
    'http://127.0.0.1:PORT/v2/',
    'http://127.1:PORT/v2/',
    'http://0x7f000001:PORT/v2/',
    'http://localhost:PORT/v2/',
    'http://localhost.:PORT/v2/',
    'http://anything.localhost:PORT/v2/',
    'http://0.0.0.0:PORT/v2/',
    'http://0:PORT/v2/',
    'http://[::]:PORT/v2/',
    'http://[::1]:PORT/v2/',
    'http://[::ffff:127.0.0.1]:PORT/v2/',
    'http://[::127.0.0.1]:PORT/v2/',
    'http://[64:ff9b::127.0.0.1]:PORT/v2/',
    'http://near.test:PORT/v2/',
    'http://mapped.test:PORT/v2/',
    'http://unspecified.test:PORT/v2/',
  ])
    it(`R10: from elsewhere is not followed to this machine as ${location}`, async () => {
      const { failure, seen } = await sentFrom('far.test', location)
      assert.match(failure?.problem ?? 'none', /^registry-(?:protocol|refused|unreachable)$/)
      assert.equal(seen, 1)
    })

  it('R10: from this machine is followed to this machine, by whatever name', async () => {
    for (const location of ['http://127.0.0.1:PORT/v2/', 'http://near.test:PORT/v2/'])
      for (const first of ['127.0.0.1', 'near.test']) {
        const { statusCode } = await sentFrom(first, location)
        assert.equal(statusCode, 200, `${first} ${location}`)
      }
  })

  it('R10: is not followed to a link-local address under a name', async () => {
    for (const first of ['far.test', 'near.test']) {
      const { failure, seen } = await sentFrom(first, 'http://metadata.test:PORT/v2/')
      assert.match(failure?.cause ?? '', /no address that may be asked/)
      assert.equal(seen, 1)
    }
  })

  it('R10: is not asked at all where it is a link-local address itself', async () => {
    const http = openHttp()
    const signal = new AbortController().signal
    await assert.rejects(http.ask({ url: new URL('http://169.254.169.254/v2/'), headers: {}, signal }), {
      problem: 'registry-refused',
    })
    await http.close()
  })

  it('R10: link-local addresses are known in every spelling', () => {
    for (const address of [
      '169.254.0.1',
      'fe80::1',
      '[febf::1]',
      '::ffff:169.254.1.1',
      '[::ffff:a9fe:101]',
      'fd00:ec2::254',
      '::169.254.169.254',
      '[64:ff9b::a9fe:a9fe]',
      '64:ff9b::169.254.169.254',
    ])
      assert(isLinkLocal(address), address)
    for (const address of [
      '169.253.0.1',
      '10.0.0.1',
      '::1',
      'fec0::1',
      'fe80.example.com',
      '169.254.example.com',
    ])
      assert(!isLinkLocal(address), address)
  })
})
