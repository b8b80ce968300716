import * as E from 'fp-ts/lib/Either.js'
import type { Registry, Resolved } from '../../domain/distribution/index.ts'
import { readImageConfig } from '../../domain/distribution/image-config.ts'
import { isIndexType, LIMITS, readDocument } from '../../domain/distribution/manifest.ts'
import type { BadDocument, Document, Limits } from '../../domain/distribution/manifest.ts'
import { parseReference } from '../../domain/distribution/reference.ts'
import type { Reference } from '../../domain/distribution/reference.ts'
import { platformText, runsOn, select } from '../../domain/distribution/selection.ts'
import type { Descriptor, Layer } from '../../domain/kernel/descriptor.ts'
import type { Digest } from '../../domain/kernel/identifiers.ts'
import type { EffectFailure } from '../../domain/kernel/problem.ts'
import { transfer } from './blob-transfer.ts'
import type { Progress } from './blob-transfer.ts'
import { chainIds } from './chain-id.ts'
import { getDocument, getManifest } from './documents.ts'
import type { Received } from './documents.ts'
import { endpointsOf } from './endpoints.ts'
import type { Place } from './endpoints.ts'
import { impatient, PATIENCE } from './patience.ts'
import type { Patience } from './patience.ts'
import { registryAuth } from './registry-auth.ts'
import type { Credentials } from './registry-auth.ts'
import { failureOf, refused } from './registry-failure.ts'
import { openHttp } from './registry-http.ts'
import { repositoryAt } from './repository.ts'
import type { Repository } from './repository.ts'
import { spokenOrigins } from './spoken-origin.ts'

export type RegistryOptions = Readonly<{
  credentials: Credentials
  mirrors?: Readonly<Record<string, ReadonlyArray<string>>>
  /** Hosts that may be asked over plain HTTP, besides loopback. */
  insecure?: ReadonlyArray<string>
  limits?: Limits
  patience?: Patience
  /** How long a registry may be silent, in milliseconds. */
  silenceMs?: number
  /** Told with every piece of a blob; live views are made of it, never history. */
  progress?: (progress: Progress) => void
}>

type Resolve = Parameters<Registry['resolve']>[0]
type Fetch = Parameters<Registry['fetch']>[0]

/** Indexes may hold indexes; nobody needs more than a few of them to say what an image is. */
const MAX_NESTED = 3

/** Registries over HTTP. `close` drops the connections; what is under way fails. */
export const openRegistryClient = ({
  credentials,
  mirrors = {},
  insecure = [],
  limits = LIMITS,
  patience = PATIENCE,
  silenceMs = 30_000,
  progress = () => {},
}: RegistryOptions): Registry & Readonly<{ close: () => Promise<void> }> => {
  const http = openHttp({ silenceMs })
  const auth = registryAuth(http, credentials, patience.now)

  const originOf = spokenOrigins(http)

  /** Asks one endpoint after the other until one of them can do it; there is patience with the last only. */
  async function* tryEach({ domain, path, credentialsKey, signal }: Asked) {
    const endpoints = endpointsOf(domain, path, { mirrors, insecure })
    for (const endpoint of endpoints) {
      const own = endpoint === endpoints.at(-1) ? patience : impatient(patience)
      const place = { ...endpoint, origin: await originOf(endpoint.origins, signal) }
      yield {
        patience: own,
        repository: repositoryAt({ http, auth, patience: own }, place, credentialsKey, signal),
      }
    }
  }

  const resolve = async (asked: Resolve): Promise<Resolved> => {
    const reference = referenceOf(asked.name)
    const failures: Array<Failed> = []
    for await (const { repository } of tryEach({ ...asked, ...reference })) {
      try {
        return await resolveAt(repository, reference, asked, limits)
      } catch (error) {
        failures.push({ place: repository.place, failure: failureOf(asked.name, error) })
        if (asked.signal.aborted) break
      }
    }
    throw tellingOf(failures)
  }

  async function* fetch(asked: Fetch) {
    const { blob, offset, signal } = asked
    if (blob.size > limits.maxLayer)
      throw refused('too-large', `${blob.digest}: has ${blob.size} bytes, more than ${limits.maxLayer}`)
    const failures: Array<Failed> = []
    let at = offset
    for await (const { repository, patience } of tryEach(asked)) {
      try {
        for await (const chunk of transfer(repository, blob, at, { patience, signal, progress })) {
          at += chunk.length
          yield chunk
        }
        return
      } catch (error) {
        failures.push({ place: repository.place, failure: failureOf(blob.digest, error) })
        if (signal.aborted) break
      }
    }
    throw tellingOf(failures)
  }

  return {
    resolve: asked => async () => {
      try {
        return E.right(await resolve(asked))
      } catch (error) {
        return E.left(failureOf(asked.name, error))
      }
    },
    fetch,
    close: http.close,
  }
}

type Asked = Readonly<{ domain: string; path: string; credentialsKey: string; signal: AbortSignal }>
type Failed = Readonly<{ place: Place; failure: EffectFailure }>

/** Of several failures, the one to tell: the last that was an answer, or else the registry's own silence. */
const tellingOf = (failures: ReadonlyArray<Failed>): EffectFailure => {
  const answered = failures.findLast(({ failure }) => failure.problem !== 'registry-unreachable')
  const own = failures.find(({ place }) => place.mirror === null)
  return (
    (answered ?? own ?? failures[0])?.failure ?? refused('registry-unreachable', 'there is nobody to ask')
  )
}

const resolveAt = async (
  repository: Repository,
  reference: Reference,
  { platform, keep }: Resolve,
  limits: Limits,
): Promise<Resolved> => {
  const { place } = repository
  const about = `${new URL(place.origin).host}: ${place.path}`

  let received = await getManifest(repository, reference.digest ?? reference.tag ?? 'latest', limits)
  let document = readAs(received, received.descriptor.mediaType, about, limits)
  const index = document.kind === 'index' ? received : null

  for (let nested = 0; document.kind === 'index'; nested++) {
    if (nested === MAX_NESTED)
      throw refused('registry-protocol', `${about}: more than ${MAX_NESTED} nested indexes`)
    const chosen = select(document.entries, platform)
    if (chosen === null)
      throw refused('platform-not-found', `${about}: there is no image for ${platformText(platform)}`)
    received = await getManifest(repository, chosen.digest, limits)
    if (received.bytes.length !== chosen.size)
      throw refused(
        'size-mismatch',
        `${about}: ${chosen.digest}: ${received.bytes.length} bytes instead of ${chosen.size}`,
      )
    document = readAs(received, chosen.mediaType, about, limits)
  }

  const config = await getDocument(repository, document.config)
  const { image, strippedLabels } = accepted(
    readImageConfig(config.json, document.layers.length),
    `${about}: ${document.config.digest}`,
  )
  if (!runsOn(image, platform))
    throw refused(
      'platform-not-found',
      `${about}: is for ${platformText(image)}, not for ${platformText(platform)}`,
    )

  for (const { descriptor, bytes } of [config, received, ...(index === null ? [] : [index])])
    await keep(descriptor, bytes)
  return {
    registry: new URL(place.origin).host,
    mirror: place.mirror,
    domain: reference.domain,
    path: reference.path,
    index: index?.descriptor ?? null,
    manifest: received.descriptor,
    config: document.config,
    layers: layersOf(document.layers, image.diffIds),
    image,
    strippedLabels,
  }
}

/** What a document is must be what the registry calls it now, and what the index called it before. */
const readAs = (received: Received, declaredAs: string, about: string, limits: Limits): Document => {
  const { mediaType, digest } = received.descriptor
  if (mediaType !== declaredAs)
    throw refused(
      'registry-protocol',
      `${about}: ${digest}: is ${declaredAs} in the index, and came as ${mediaType}`,
    )
  const document = accepted(readDocument(received.json, declaredAs, limits), `${about}: ${digest}`)
  if (isIndexType(declaredAs) !== (document.kind === 'index'))
    throw refused('registry-protocol', `${about}: ${digest}: is not what ${declaredAs} is`)
  return document
}

const accepted = <A>(read: E.Either<BadDocument, A>, about: string): A => {
  if (E.isLeft(read)) throw refused(read.left.problem, `${about}: ${read.left.cause}`)
  return read.right
}

const layersOf = (blobs: ReadonlyArray<Descriptor>, diffIds: ReadonlyArray<Digest>): ReadonlyArray<Layer> => {
  const chain = chainIds(diffIds)
  // As many diff ids as layers: `readImageConfig` has seen to it.
  return blobs.map((blob, i) => ({ blob, diffId: diffIds[i] as Digest, chainId: chain[i] as Digest }))
}

const referenceOf = (name: string): Reference => {
  const reference = parseReference(name)
  if (E.isLeft(reference)) throw refused('registry-refused', reference.left.cause)
  return reference.right
}
