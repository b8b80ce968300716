import { createHash } from 'node:crypto'
import type { Digest } from '../../domain/kernel/identifiers.ts'

const sha256 = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}` as Digest

/** The name of each stack of layers, lowest first (OCI image-spec, config.md "Layer ChainID"). */
export const chainIds = (diffIds: ReadonlyArray<Digest>): ReadonlyArray<Digest> => {
  const chain: Array<Digest> = []
  for (const diffId of diffIds) {
    const below = chain.at(-1)
    chain.push(below === undefined ? diffId : sha256(`${below} ${diffId}`))
  }
  return chain
}
