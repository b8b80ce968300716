import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { busyboxImage, pushImage } from '../../scripts/busybox-image.ts'

/** busybox, as the tests have it. */
export const smallImage = async (registry: string, name: string, tag: string) =>
  pushImage(registry, name, tag, await busyboxImage())

const FILES = 38_000
const LAYERS = 3

/** Sizes as distributions have them: most files are small, a few are large; half of it compresses. */
const sizeOf = (i: number) => (i % 100 === 0 ? 400_000 : 4_000 + ((i * 7919) % 20_000))

const layer = async (n: number) => {
  const tar = pack()
  const chunks: Array<Buffer> = []
  const collected = (async () => {
    for await (const chunk of tar) chunks.push(chunk as Buffer)
  })()
  const noise = randomBytes(1 << 20)
  const text = Buffer.alloc(1 << 20, 'the quick brown fox jumps over the lazy dog ')
  for (let i = 0; i < FILES / LAYERS; i++) {
    if (i % 50 === 0) tar.entry({ name: `usr/share/l${n}/d${i / 50}/`, type: 'directory', mode: 0o755 })
    const size = sizeOf(i)
    const content = Buffer.concat([
      noise.subarray((i * 4099) % 500_000).subarray(0, size >> 1),
      text.subarray(0, size - (size >> 1)),
    ])
    tar.entry({ name: `usr/share/l${n}/d${Math.floor(i / 50)}/f${i}`, mode: 0o644 }, content)
  }
  tar.finalize()
  await collected
  return Buffer.concat(chunks)
}

/** About 200 MB compressed and 38,000 files in three layers. */
export const largeImage = async (registry: string, name: string, tag: string) => {
  const tars = await Promise.all(Array.from({ length: LAYERS }, (_, n) => layer(n)))
  const compressed = tars.reduce((sum, tar) => sum + gzipSync(tar, { level: 1 }).length, 0)
  await pushImage(registry, name, tag, await busyboxImage({ layers: tars }))
  return { compressed, files: FILES }
}
