import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { member } from '../adapters/snapshot/raw-tar.ts'
import { startDaemon } from '../support/daemon.ts'
import type { Daemon } from '../support/daemon.ts'
import { startDockerRegistry } from '../support/docker-registry.ts'
import { blobOf, pushPacked } from '../support/image.ts'

const GIB = 2 ** 30

/** A layer that packs a file of so many zeros: gzip members one after the other are one stream (RFC 1952, 2.2). */
const bombOf = (gibibytes: number): Uint8Array => {
  const zeros = gzipSync(Buffer.alloc(64 * 2 ** 20))
  const header = member({ name: 'zeros', size: gibibytes * GIB }).subarray(0, 512)
  return Buffer.concat([gzipSync(header), ...Array.from({ length: gibibytes * 16 }, () => zeros)])
}

/** The most memory that a process ever had resident, in bytes (proc(5), VmHWM). */
const peakOf = (pid: number): number => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}

const filesIn = (daemon: Daemon, ...path: ReadonlyArray<string>) => {
  const directory = join(daemon.root, ...path)
  return existsSync(directory) ? readdirSync(directory) : []
}

describe('L10 a layer of 10 GiB of zeros in 10 MB', () => {
  it('is refused before it fills the disk or the memory, and leaves nothing', async () => {
    await using registry = await startDockerRegistry()
    const layer = blobOf('application/vnd.oci.image.layer.v1.tar+gzip', bombOf(10))
    assert.ok(layer.size < 12e6, `${layer.size}`)
    const json = (mediaType: string, value: unknown) => blobOf(mediaType, Buffer.from(JSON.stringify(value)))
    const config = json('application/vnd.oci.image.config.v1+json', {
      os: 'linux',
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      rootfs: { type: 'layers', diff_ids: [`sha256:${'1'.repeat(64)}`] },
    })
    const mediaType = 'application/vnd.oci.image.manifest.v1+json'
    const descriptors = [config, layer].map(({ mediaType, digest, size }) => ({ mediaType, digest, size }))
    const manifest = json(mediaType, {
      schemaVersion: 2,
      mediaType,
      config: descriptors[0],
      layers: [descriptors[1]],
    })
    const packed = { layers: [layer], config, manifest, index: null, target: manifest }
    await pushPacked(registry.url, 'hostile/bomb', '1', packed)

    await using daemon = await startDaemon()
    const reply = await daemon.command('pull-image', { reference: `${registry.host}/hostile/bomb:1` })
    const { status, body } = reply
    const { failure } = body as { failure?: { problem: string; cause: string } }
    assert.deepEqual([status, failure?.problem], [502, 'too-large'], reply.text)
    assert.match(failure?.cause ?? '', /more than 2147483648 bytes uncompressed, out of \d+/)
    const peak = peakOf(daemon.pid())
    assert.ok(peak < 200e6, `the daemon had ${peak} bytes resident`)
    assert.deepEqual(filesIn(daemon, 'snapshots', 'layers'), [])
    assert.deepEqual(filesIn(daemon, 'snapshots', 'temporary'), [])
    assert.equal((await daemon.ask('GET', '/v1/version')).status, 200)
  })
})
