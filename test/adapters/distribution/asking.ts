import type { Registry, Resolved } from '../../../src/domain/distribution/index.ts'
import type { Descriptor } from '../../../src/domain/kernel/descriptor.ts'
import type { ImageName } from '../../../src/domain/kernel/identifiers.ts'
import { openRegistryClient } from '../../../src/adapters/distribution/registry-client.ts'
import type { RegistryOptions } from '../../../src/adapters/distribution/registry-client.ts'
import { PATIENCE } from '../../../src/adapters/distribution/patience.ts'
import type { Blob } from '../../support/image.ts'

export const amd64 = { os: 'linux', architecture: 'amd64', variant: '' }

/** Waits for nobody, and remembers how long it would have. */
export const noPause = () => {
  const pauses: Array<number> = []
  const patience = {
    ...PATIENCE,
    random: () => 0.5,
    pause: (ms: number) => {
      pauses.push(ms)
      return Promise.resolve()
    },
  }
  return { pauses, patience }
}

export const client = (options: Partial<RegistryOptions> = {}) => {
  const registry = openRegistryClient({
    credentials: () => Promise.resolve(null),
    patience: noPause().patience,
    ...options,
  })
  return { ...registry, [Symbol.asyncDispose]: registry.close }
}

/** Resolves, and throws what the client says is wrong. */
export const resolve = async (
  registry: Registry,
  name: string,
  asked: Partial<Parameters<Registry['resolve']>[0]> = {},
): Promise<Resolved & { kept: ReadonlyArray<Descriptor> }> => {
  const kept: Array<Descriptor> = []
  const result = await registry.resolve({
    name: name as ImageName,
    platform: amd64,
    credentialsKey: 'operation-1',
    signal: new AbortController().signal,
    keep: async descriptor => {
      kept.push(descriptor)
    },
    ...asked,
  })()
  if (result._tag === 'Left') throw result.left
  return { ...result.right, kept }
}

export const descriptorOf = ({ mediaType, digest, size }: Blob): Descriptor => ({
  mediaType,
  digest: digest as Descriptor['digest'],
  size,
})

/** All of a blob that is to be had, as one piece. */
export const fetchWhole = async (
  registry: Registry,
  domain: string,
  blob: Descriptor,
  asked: Partial<Parameters<Registry['fetch']>[0]> = {},
): Promise<Buffer> => {
  const chunks: Array<Uint8Array> = []
  for await (const chunk of registry.fetch({
    domain,
    path: 'app',
    blob,
    offset: 0,
    credentialsKey: 'operation-1',
    signal: new AbortController().signal,
    ...asked,
  }))
    chunks.push(chunk)
  return Buffer.concat(chunks)
}
