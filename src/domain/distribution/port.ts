import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Descriptor, Layer, Platform } from '../kernel/descriptor.ts'
import type { ImageName } from '../kernel/identifiers.ts'
import type { ImageConfig } from '../kernel/image-config.ts'
import type { EffectFailure } from '../kernel/problem.ts'

/** What a name stands for at a registry, now. */
export type Resolved = Readonly<{
  /** The host that answered, and the mirror's name where it was one. */
  registry: string
  mirror: string | null
  domain: string
  path: string
  index: Descriptor | null
  manifest: Descriptor
  config: Descriptor
  layers: ReadonlyArray<Layer>
  image: ImageConfig
  /** Names of labels that the image's configuration has and `image` has not, because they are reserved. */
  strippedLabels: ReadonlyArray<string>
}>

/**
 * Registries that speak the OCI distribution protocol (and Docker's, from which it came).
 *
 * Every document is bounded, and verified against the digest it was asked for by. `keep` is given the bytes of
 * index, manifest and config as they pass, so that they need not be asked for again. `credentialsKey` names the
 * operation whose credentials to use, if it brought any; they are never part of an answer.
 *
 * Problems: `image-not-found`, `registry-unauthorized`, `registry-unreachable`, `registry-refused`,
 * `registry-protocol`, `digest-mismatch`, `size-mismatch`, `too-large`, `platform-not-found`. `unavailable` comes only
 * after the bounded retries of the client itself.
 */
export type Registry = Readonly<{
  resolve: (
    request: Readonly<{
      name: ImageName
      platform: Platform
      credentialsKey: string
      signal: AbortSignal
      keep: (blob: Descriptor, bytes: Uint8Array) => Promise<void>
    }>,
  ) => TaskEither<EffectFailure, Resolved>
  /** The blob's bytes from `offset`; dropped connections are resumed. It throws an `EffectFailure`. */
  fetch: (
    request: Readonly<{
      domain: string
      path: string
      blob: Descriptor
      offset: number
      credentialsKey: string
      signal: AbortSignal
    }>,
  ) => AsyncIterable<Uint8Array>
}>
