import * as t from 'io-ts'
import { Digest } from './identifiers.ts'

const isSize = (n: number): n is number => Number.isSafeInteger(n) && n >= 0

/** A length in bytes: a whole number from 0 to 2^53 - 1. */
export const Size = t.refinement(t.number, isSize, 'Size')

/** What points at content: its type, its digest and its length in bytes (OCI image-spec, descriptor.md). */
export const Descriptor = t.strict({ mediaType: t.string, digest: Digest, size: Size }, 'Descriptor')
export type Descriptor = t.TypeOf<typeof Descriptor>

/** What an image was built for (OCI image-spec, image-index.md). `variant` is '' where there is none. */
export const Platform = t.strict({ os: t.string, architecture: t.string, variant: t.string }, 'Platform')
export type Platform = t.TypeOf<typeof Platform>

/** One layer of an image: where it is, what it unpacks to, and the name of the whole stack up to it. */
export const Layer = t.strict(
  {
    blob: Descriptor,
    /** Digest of the uncompressed tar (OCI image-spec, config.md "Layer DiffID"). */
    diffId: Digest,
    /** Digest of this and all lower layers (OCI image-spec, config.md "Layer ChainID"). */
    chainId: Digest,
  },
  'Layer',
)
export type Layer = t.TypeOf<typeof Layer>
