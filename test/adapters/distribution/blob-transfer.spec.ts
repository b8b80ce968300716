import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ServerResponse } from 'node:http'
import { pauseAfter, PATIENCE } from '../../../src/adapters/distribution/patience.ts'
import type { Blob } from '../../support/image.ts'
import { blobOf } from '../../support/image.ts'
import { send, startRegistry } from '../../support/registry.ts'
import type { Fault } from '../../support/registry.ts'
import { client, descriptorOf, fetchWhole, noPause } from './asking.ts'

const bytes = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 251))
const blob = blobOf('application/vnd.oci.image.layer.v1.tar', bytes)

const isBlob = (url: string | undefined) => url?.includes('/blobs/') === true

/** Sends the first `length` bytes of a body that was announced whole, then drops the connection. */
const dropAfter = (response: ServerResponse, { bytes }: Blob, length: number, range?: string) => {
  const start = Number(/\d+/.exec(range ?? '')?.[0] ?? 0)
  response.writeHead(start > 0 ? 206 : 200, {
    'content-length': bytes.length - start,
    ...(start > 0 ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}),
  })
  response.write(bytes.subarray(start, start + length), () => setTimeout(() => response.destroy(), 5))
}

const nthBlob = (seen: ReadonlyArray<{ url: string }>) => seen.filter(({ url }) => isBlob(url)).length

const fetched = async (fault: Fault, options: Parameters<typeof client>[0] = {}, offset = 0) => {
  await using registry = await startRegistry()
  await using asking = client(options)
  registry.addBlob(blob)
  registry.misbehave(async (request, response, seen) =>
    isBlob(request.url) ? fault(request, response, seen) : false,
  )
  const ranges = () =>
    registry.seen.filter(({ url }) => isBlob(url)).map(({ headers }) => headers.range ?? 'all')
  try {
    return {
      bytes: await fetchWhole(asking, registry.host, descriptorOf(blob), { offset }),
      ranges: ranges(),
    }
  } catch (failure) {
    return { failure: failure as { reason: string; problem: string; cause: string }, ranges: ranges() }
  }
}

describe('a blob on its way', () => {
  it('comes whole, or from where it is asked for', async () => {
    assert.deepEqual((await fetched(() => false)).bytes, bytes)
    const rest = await fetched(() => false, {}, 1234)
    assert.deepEqual([rest.bytes, rest.ranges], [bytes.subarray(1234), ['bytes=1234-']])
    assert.deepEqual((await fetched(() => false, {}, bytes.length)).ranges, [])
  })

  it('tells how far it is', async () => {
    const told: Array<number> = []
    await fetched(() => false, { progress: ({ bytes }) => told.push(bytes) })
    assert.equal(told.at(-1), bytes.length)
  })

  for (const offset of [1, 2, 1000, 2500, 4998, 4999])
    it(`R13: is resumed with Range when the connection drops after ${offset} bytes`, async () => {
      const { bytes: got, ranges } = await fetched((request, response, seen) => {
        if (nthBlob(seen) > 1) return false
        dropAfter(response, blob, offset)
        return true
      })
      assert.deepEqual(got, bytes)
      assert.deepEqual(ranges, ['all', `bytes=${offset}-`])
    })

  it('R13: is resumed with Range when the connection drops after any number of bytes', async () => {
    await using registry = await startRegistry()
    await using asking = client()
    const few = blobOf(blob.mediaType, bytes.subarray(0, 257))
    registry.addBlob(few)
    for (let offset = 0; offset < few.size; offset++) {
      let nth = 0
      registry.misbehave((request, response) => {
        if (!isBlob(request.url) || nth++ > 0) return false
        dropAfter(response, few, offset)
        return true
      })
      assert.deepEqual(await fetchWhole(asking, registry.host, descriptorOf(few)), few.bytes, `${offset}`)
      assert.equal(registry.seen.at(-1)?.headers.range, offset === 0 ? undefined : `bytes=${offset}-`)
    }
  })

  it('R13: is resumed as often as it gets on, and given up when it does not', async () => {
    const always =
      (length: number): Fault =>
      (request, response) => {
        dropAfter(response, blob, length, request.headers.range)
        return true
      }
    const { bytes: got } = await fetched(always(1700))
    assert.deepEqual(got, bytes)
    const { failure, ranges } = await fetched(always(1))
    assert.deepEqual([failure?.reason, failure?.problem], ['unavailable', 'registry-unreachable'])
    assert.equal(ranges.length, PATIENCE.attempts)
  })

  it('R13: is passed over from its beginning when the registry ignores Range, and not appended', async () => {
    const { bytes: got, ranges } = await fetched((_, response, seen) => {
      if (nthBlob(seen) === 1) dropAfter(response, blob, 2000)
      else send(response, blob)
      return true
    })
    assert.deepEqual(got, bytes)
    assert.deepEqual(ranges, ['all', 'bytes=2000-'])
  })

  const wrongRanges = [
    'bytes 0-4999/5000',
    'bytes 1999-4999/5000',
    'bytes 2001-4999/5000',
    'bytes */5000',
    'nonsense',
    '',
  ]
  for (const contentRange of wrongRanges)
    it(`R14: is asked for as a whole when the part that comes is ${JSON.stringify(contentRange)}`, async () => {
      const { bytes: got, ranges } = await fetched((request, response, seen) => {
        if (nthBlob(seen) === 1) dropAfter(response, blob, 2000)
        else if (request.headers.range === undefined) return false
        else response.writeHead(206, { 'content-range': contentRange }).end(bytes.subarray(2000))
        return true
      })
      assert.deepEqual(got, bytes)
      assert.deepEqual(ranges, ['all', 'bytes=2000-', 'all'])
    })

  it('R14: is asked for as a whole where the registry has no such part (416)', async () => {
    const { bytes: got } = await fetched(
      (request, response) => {
        if (request.headers.range === undefined) return false
        response.writeHead(416).end()
        return true
      },
      {},
      3000,
    )
    assert.deepEqual(got, bytes.subarray(3000))
  })

  it('R14: is refused when a part of it is of a blob with another size', async () => {
    const { failure } = await fetched(
      (_, response) => {
        response.writeHead(206, { 'content-range': 'bytes 3000-6999/7000' }).end(Buffer.alloc(4000))
        return true
      },
      {},
      3000,
    )
    assert.deepEqual([failure?.reason, failure?.problem], ['refused', 'size-mismatch'])
  })

  for (const status of [206, 416])
    it(`is given up when there is nothing but ${status}`, async () => {
      const { failure, ranges } = await fetched((_, response) => {
        response.writeHead(status).end('?')
        return true
      })
      assert.equal(failure?.problem, 'registry-protocol')
      assert.equal(ranges.length, 1)
    })

  it('R2: is refused before it is read when another length is announced', async () => {
    for (const length of [bytes.length - 1, bytes.length + 1, 2 ** 40]) {
      const { failure } = await fetched((_, response) => {
        response.writeHead(200, { 'content-length': length })
        response.write(bytes.subarray(0, 100))
        return true
      })
      assert.deepEqual([failure?.reason, failure?.problem], ['refused', 'size-mismatch'])
    }
  })

  it('R2: that ends too early without a length is resumed, and given up as unavailable', async () => {
    const { failure } = await fetched((request, response) => {
      if (request.headers.range === undefined) response.writeHead(200).end(bytes.subarray(0, 10))
      else response.writeHead(206, { 'content-range': 'bytes 10-4999/5000' }).end()
      return true
    })
    assert.deepEqual([failure?.reason, failure?.problem], ['unavailable', 'registry-unreachable'])
  })

  it('R3: that never ends is cut at its size', async () => {
    let sent = 0
    const { failure } = await fetched((_, response) => {
      response.writeHead(200)
      const more = () => {
        while (!response.destroyed && response.write(bytes)) sent += bytes.length
      }
      response.on('drain', more)
      more()
      return true
    })
    assert.deepEqual([failure?.reason, failure?.problem], ['refused', 'size-mismatch'])
    assert(sent < 4 * 2 ** 20, `${sent} bytes were sent`)
  })

  it('R4: above the cap is not asked for', async () => {
    await using registry = await startRegistry()
    await using asking = client()
    const large = { ...descriptorOf(blob), size: 2 ** 50 }
    await assert.rejects(fetchWhole(asking, registry.host, large), { problem: 'too-large' })
    assert.equal(registry.seen.length, 0)
  })

  it('that is a manifest is asked for as one', async () => {
    await using registry = await startRegistry()
    await using asking = client()
    const manifest = blobOf('application/vnd.oci.image.manifest.v1+json', Buffer.from('{}'))
    registry.addManifest(manifest)
    const got = await fetchWhole(asking, registry.host, descriptorOf(manifest))
    assert.deepEqual(got, Buffer.from('{}'))
    assert.equal(registry.seen.at(-1)?.headers.accept, manifest.mediaType)
  })

  it('is not accepted in a coding of its own', async () => {
    const { failure } = await fetched((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bytes)
      return true
    })
    assert.equal(failure?.problem, 'registry-protocol')
  })

  it('from a silent registry is given up and asked for again', async () => {
    const { bytes: got, ranges } = await fetched(
      (_, response, seen) => {
        if (nthBlob(seen) > 1) return false
        response.writeHead(200, { 'content-length': bytes.length })
        response.write(bytes.subarray(0, 10))
        return true
      },
      { silenceMs: 100 },
    )
    assert.deepEqual(got, bytes)
    assert.deepEqual(ranges, ['all', 'bytes=10-'])
  })

  it('can be cancelled, also while it waits for better times', async () => {
    await using registry = await startRegistry()
    await using asking = client({ patience: PATIENCE })
    registry.misbehave((request, response) => {
      if (!isBlob(request.url)) return false
      response.writeHead(503, { 'retry-after': '1000000000' }).end()
      return true
    })
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 50)
    const began = Date.now()
    await assert.rejects(fetchWhole(asking, registry.host, descriptorOf(blob), { signal: abort.signal }), {
      reason: 'unavailable',
      problem: 'cancelled',
    })
    assert(Date.now() - began < 2000)
  })
})

describe('a registry that is busy', () => {
  const busy = async (status: number, retryAfter: string) => {
    const { pauses, patience } = noPause()
    const { failure, ranges } = await fetched(
      (_, response) => {
        response.writeHead(status, { 'retry-after': retryAfter }).end()
        return true
      },
      { patience },
    )
    assert.deepEqual([failure?.reason, failure?.problem], ['unavailable', 'registry-unreachable'])
    assert.equal(ranges.length, PATIENCE.attempts)
    return pauses
  }

  for (const status of [429, 503])
    for (const retryAfter of ['0', '1000000000', 'Thu, 01 Jan 1970 00:00:00 GMT', 'soon', '-5', '1e309'])
      it(`R12: ${status} with Retry-After ${retryAfter} is waited for within bounds`, async () => {
        const pauses = await busy(status, retryAfter)
        assert.equal(pauses.length, PATIENCE.attempts - 1)
        assert(
          pauses.every(ms => ms >= PATIENCE.firstMs / 2 && ms <= PATIENCE.longestMs),
          String(pauses),
        )
        if (retryAfter === '0') assert(pauses.every((ms, i) => i === 0 || ms > (pauses[i - 1] ?? 0)))
      })

  it('R12: is asked again and may be better', async () => {
    const { bytes: got } = await fetched((_, response, seen) => {
      if (nthBlob(seen) > 2) return false
      response.writeHead(429, { 'retry-after': '0' }).end()
      return true
    })
    assert.deepEqual(got, bytes)
  })

  it('R12: is not come back to by everybody at the same time', () => {
    const pauses = [0, 0.3, 0.99].map(chance => pauseAfter(3, '0', { ...PATIENCE, random: () => chance }))
    assert.equal(new Set(pauses).size, 3)
  })

  it('is not asked again for what it refuses', async () => {
    for (const [status, problem] of [
      [400, 'registry-refused'],
      [403, 'registry-unauthorized'],
      [404, 'image-not-found'],
      [410, 'registry-refused'],
    ] as const) {
      const { failure, ranges } = await fetched((_, response) => {
        response.writeHead(status).end()
        return true
      })
      assert.deepEqual([failure?.reason, failure?.problem, ranges.length], ['refused', problem, 1])
    }
  })
})
