import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import { pack } from 'tar-stream'
import type { Header } from 'tar-stream'

// An OCI image made of nothing but the host's static busybox: for trials and tests, without a network.

/** A piece of content and the words that point at it. */
export type Blob = Readonly<{ mediaType: string; digest: string; size: number; bytes: Uint8Array }>

/** One thing in a layer, as tar has it; `content` is a file's. */
export type Entry = Readonly<Partial<Header> & { name: string; content?: string | Uint8Array }>

export type LayerTree = ReadonlyArray<Entry>

/** An uncompressed image: its layers as tar files, lowest first, and its configuration. */
export type BuiltImage = Readonly<{ layers: ReadonlyArray<Uint8Array>; config: ImageJson }>

/** An image's configuration as OCI has it (image-spec, config.md); `config` is what a container takes from it. */
export type ImageJson = Readonly<{
  os: string
  architecture: string
  variant?: string
  created?: string
  author?: string
  config: Readonly<Record<string, unknown>>
  rootfs: Readonly<{ type: string; diff_ids: ReadonlyArray<string> }>
  history: ReadonlyArray<Readonly<Record<string, unknown>>>
}>

export type Packing = Readonly<{
  compression?: 'gzip' | 'zstd' | 'none'
  format?: 'oci' | 'docker'
  /** Wraps the manifest into an index (a manifest list, in docker's words). */
  index?: boolean
}>

/** The blobs of an image as a registry keeps them. `target` is what a tag points at. */
export type PackedImage = Readonly<{
  layers: ReadonlyArray<Blob>
  config: Blob
  manifest: Blob
  index: Blob | null
  target: Blob
}>

export const sha256 = (bytes: Uint8Array | string) =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`

export const blobOf = (mediaType: string, bytes: Uint8Array): Blob => ({
  mediaType,
  digest: sha256(bytes),
  size: bytes.length,
  bytes,
})

export const directory = (name: string, mode = 0o755): Entry => ({ name, type: 'directory', mode })
export const file = (name: string, content: string | Uint8Array, mode = 0o644): Entry => ({
  name,
  type: 'file',
  mode,
  content,
})
export const symlink = (name: string, linkname: string): Entry => ({
  name,
  type: 'symlink',
  linkname,
  mode: 0o777,
})
/** Takes away what a lower layer has under this name (OCI image-spec, layer.md "Whiteouts"). */
export const whiteout = (name: string): Entry => file(name.replace(/([^/]+)$/, '.wh.$1'), '', 0o600)

const EPOCH = new Date(0)

/** A layer as a tar file; the same tree is the same bytes, always. */
export const layerTar = async (tree: LayerTree): Promise<Uint8Array> => {
  const tar = pack()
  const chunks: Array<Uint8Array> = []
  const written = (async () => {
    for await (const chunk of tar) chunks.push(chunk as Uint8Array)
  })()
  for (const { content, ...header } of tree) {
    const body = typeof content === 'string' ? Buffer.from(content) : content
    const bytes =
      body === undefined ? Buffer.alloc(0) : Buffer.from(body.buffer, body.byteOffset, body.length)
    await new Promise<void>((resolve, reject) => {
      const entry = { mtime: EPOCH, uid: 0, gid: 0, ...header }
      const done = (error?: Error | null) => (error ? reject(error) : resolve())
      if (header.type === undefined || header.type === 'file') tar.entry(entry, bytes, done)
      else tar.entry(entry, done)
    })
  }
  tar.finalize()
  await written
  return Buffer.concat(chunks)
}

const BUSYBOX = '/bin/busybox'

/** A root file system that a shell feels at home in: busybox, its applets, users, and a place for files. */
export const busyboxTree = (): LayerTree => {
  const applets = execFileSync(BUSYBOX, ['--list'], { encoding: 'utf8' }).split('\n')
  return [
    ...['bin', 'dev', 'etc', 'home', 'proc', 'sys', 'usr', 'usr/bin', 'var', 'var/tmp'].map(name =>
      directory(`${name}/`),
    ),
    directory('root/', 0o700),
    directory('tmp/', 0o1777),
    file('bin/busybox', readFileSync(BUSYBOX), 0o755),
    ...applets
      .filter(name => name !== '' && name !== 'busybox')
      .map(name => symlink(`bin/${name}`, 'busybox')),
    symlink('usr/bin/env', '../../bin/busybox'),
    file(
      'etc/passwd',
      'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/:/bin/false\nuser:x:1000:1000:user:/home:/bin/sh\n',
    ),
    file('etc/group', 'root:x:0:\ndaemon:x:1:\nuser:x:1000:\nextra:x:2000:user\n'),
    file('etc/hostname', 'busybox\n'),
  ]
}

type Making = Readonly<{
  /** On top of busybox's own layer; a layer may also be a whole tar file already. */
  layers?: ReadonlyArray<LayerTree | Uint8Array>
  /** On top of a command and a PATH: `{ Cmd: ['/bin/true'], User: '1000', … }`. */
  config?: Readonly<Record<string, unknown>>
  platform?: Readonly<{ os: string; architecture: string; variant?: string }>
}>

const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch as string] ?? process.arch

/** An image of these layers and no others. */
export const imageOf = async ({ layers = [], config = {}, platform }: Making): Promise<BuiltImage> => {
  const tars = await Promise.all(
    layers.map(layer => (layer instanceof Uint8Array ? Promise.resolve(layer) : layerTar(layer))),
  )
  return {
    layers: tars,
    config: {
      os: 'linux',
      architecture,
      ...platform,
      created: '2026-01-01T00:00:00Z',
      config: { Cmd: ['/bin/sh'], Env: ['PATH=/bin:/usr/bin'], ...config },
      rootfs: { type: 'layers', diff_ids: tars.map(sha256) },
      history: tars.map((_, i) => ({ created: '2026-01-01T00:00:00Z', created_by: `layer ${i + 1}` })),
    },
  }
}

/** `busyboxImage({ layers: [[file('greeting', 'hello')]], config: { Cmd: ['/bin/cat', '/greeting'] } })` */
export const busyboxImage = ({ layers = [], ...rest }: Making = {}): Promise<BuiltImage> =>
  imageOf({ layers: [busyboxTree(), ...layers], ...rest })

const MEDIA_TYPES = {
  oci: {
    index: 'application/vnd.oci.image.index.v1+json',
    manifest: 'application/vnd.oci.image.manifest.v1+json',
    config: 'application/vnd.oci.image.config.v1+json',
    layer: {
      gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
      zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
      none: 'application/vnd.oci.image.layer.v1.tar',
    },
  },
  docker: {
    index: 'application/vnd.docker.distribution.manifest.list.v2+json',
    manifest: 'application/vnd.docker.distribution.manifest.v2+json',
    config: 'application/vnd.docker.container.image.v1+json',
    layer: {
      gzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
      zstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd',
      none: 'application/vnd.docker.image.rootfs.diff.tar',
    },
  },
} as const

const compress = {
  gzip: (tar: Uint8Array) => promisify<Uint8Array, Buffer>(zlib.gzip)(tar),
  zstd: (tar: Uint8Array) => promisify<Uint8Array, Buffer>(zlib.zstdCompress)(tar),
  none: (tar: Uint8Array) => Promise.resolve(tar),
}

const jsonBlob = (mediaType: string, value: unknown) => blobOf(mediaType, Buffer.from(JSON.stringify(value)))

const descriptorOf = ({ mediaType, digest, size }: Blob) => ({ mediaType, digest, size })

/** Compresses the layers and writes the documents that name them. */
export const packImage = async (
  image: BuiltImage,
  { compression = 'gzip', format = 'oci', index = false }: Packing = {},
): Promise<PackedImage> => {
  const types = MEDIA_TYPES[format]
  const layers = await Promise.all(
    image.layers.map(async tar => blobOf(types.layer[compression], await compress[compression](tar))),
  )
  const config = jsonBlob(types.config, image.config)
  const manifest = jsonBlob(types.manifest, {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: descriptorOf(config),
    layers: layers.map(descriptorOf),
  })
  const { os, architecture, variant } = image.config
  const platform = variant === undefined ? { os, architecture } : { os, architecture, variant }
  const wrapper = index ? indexOf([{ ...descriptorOf(manifest), platform }], format) : null
  return { layers, config, manifest, index: wrapper, target: wrapper ?? manifest }
}

/** An index (or docker's manifest list) of manifests. */
export const indexOf = (
  manifests: ReadonlyArray<Readonly<Record<string, unknown>>>,
  format: 'oci' | 'docker' = 'oci',
): Blob =>
  jsonBlob(MEDIA_TYPES[format].index, { schemaVersion: 2, mediaType: MEDIA_TYPES[format].index, manifests })

const expectStatus = async (response: Response, doing: string, ...expected: ReadonlyArray<number>) => {
  if (expected.includes(response.status)) return response
  throw new Error(`${doing}: ${response.status} ${await response.text()}`)
}

const pushBlob = async (repository: string, { digest, bytes }: Blob) => {
  const known = await fetch(`${repository}/blobs/${digest}`, { method: 'HEAD' })
  if (known.status === 200) return
  const begun = await expectStatus(
    await fetch(`${repository}/blobs/uploads/`, { method: 'POST' }),
    `begin the upload of ${digest}`,
    202,
  )
  await begun.arrayBuffer()
  const location = new URL(begun.headers.get('location') ?? '', repository)
  location.searchParams.set('digest', digest)
  const headers = { 'content-type': 'application/octet-stream' }
  const stored = await fetch(location, { method: 'PUT', headers, body: Buffer.from(bytes) })
  await (await expectStatus(stored, `upload ${digest}`, 201)).arrayBuffer()
}

const pushManifest = async (repository: string, reference: string, { mediaType, bytes }: Blob) => {
  const response = await fetch(`${repository}/manifests/${reference}`, {
    method: 'PUT',
    headers: { 'content-type': mediaType },
    body: Buffer.from(bytes),
  })
  await (await expectStatus(response, `push the manifest ${reference}`, 201)).arrayBuffer()
}

/** `pushImage('http://127.0.0.1:5000', 'demo/busybox', 'latest', await busyboxImage())` */
export const pushImage = async (
  registryUrl: string,
  name: string,
  tag: string,
  image: BuiltImage,
  packing: Packing = {},
): Promise<PackedImage> => {
  const packed = await packImage(image, packing)
  await pushPacked(registryUrl, name, tag, packed)
  return packed
}

/** Sends an image's blobs first and the names for them last, as the protocol wants. */
export const pushPacked = async (registryUrl: string, name: string, tag: string, packed: PackedImage) => {
  const repository = `${registryUrl.replace(/\/$/, '')}/v2/${name}`
  for (const blob of [...packed.layers, packed.config]) await pushBlob(repository, blob)
  if (packed.index !== null) await pushManifest(repository, packed.manifest.digest, packed.manifest)
  await pushManifest(repository, tag, packed.target)
}
