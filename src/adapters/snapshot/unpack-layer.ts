import { createHash } from 'node:crypto'
import { chmodSync, chownSync, mkdirSync } from 'node:fs'
import { decompressed } from './decompress.ts'
import type { Limits } from './decompress.ts'
import { layerDirectory } from './layer-directory.ts'
import type { Finished } from './layer-directory.ts'
import { readLayerTar } from './layer-tar.ts'
import { LayerRefused } from './refusal.ts'

export type UnpackRequest = Readonly<{
  blobPath: string
  /** Does not exist yet. */
  directory: string
  /** sha256 of the uncompressed tar. */
  diffId: string
  limits: Limits
}>

/**
 * Unpacks a layer into a new directory and verifies its diff id, in one pass. What an exception leaves behind is the
 * caller's to remove.
 *
 * @throws LayerRefused, and the errors of the file system
 */
export const unpackLayer = async (
  { blobPath, directory, diffId, limits }: UnpackRequest,
  progress: (bytes: number) => void,
): Promise<Finished> => {
  mkdirSync(directory)
  // Neither the umask nor a group that directories here may inherit is the layer's business.
  chownSync(directory, 0, 0)
  chmodSync(directory, 0o755)

  const hash = createHash('sha256')
  const hashed = async function* () {
    for await (const chunk of decompressed(blobPath, limits, progress)) {
      hash.update(chunk)
      yield chunk
    }
  }
  const layer = layerDirectory(directory, limits.entries)
  try {
    await readLayerTar(hashed(), layer)
    const actual = `sha256:${hash.digest('hex')}`
    if (actual !== diffId)
      throw new LayerRefused('diff-id-mismatch', `the tar is ${actual}, the image says ${diffId}`)
    return layer.finish()
  } finally {
    layer.abandon()
  }
}
