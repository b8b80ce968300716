import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { getXattr, listXattrs } from '../../../src/adapters/host/xattr.ts'
import { generous } from '../../../src/adapters/snapshot/decompress.ts'
import type { Limits } from '../../../src/adapters/snapshot/decompress.ts'
import type { Finished } from '../../../src/adapters/snapshot/layer-directory.ts'
import { failureOf } from '../../../src/adapters/snapshot/refusal.ts'
import { unpackLayer } from '../../../src/adapters/snapshot/unpack-layer.ts'
import type { EffectFailure } from '../../../src/domain/kernel/problem.ts'

export const diffIdOf = (tar: Uint8Array) => `sha256:${createHash('sha256').update(tar).digest('hex')}`

/** Unpacks a layer in this thread, into `<directory>/layer`. `blob` is the archive compressed, where it is. */
export const unpacked = async (
  directory: string,
  tar: Uint8Array,
  {
    blob = tar,
    limits = generous,
    diffId = diffIdOf(tar),
  }: { blob?: Uint8Array; limits?: Limits; diffId?: string } = {},
): Promise<E.Either<EffectFailure, Finished & { files: string }>> => {
  mkdirSync(directory, { recursive: true })
  const blobPath = join(directory, 'blob')
  const files = join(directory, 'layer')
  writeFileSync(blobPath, blob)
  try {
    return E.right({
      ...(await unpackLayer({ blobPath, directory: files, diffId, limits }, () => {})),
      files,
    })
  } catch (error) {
    return E.left(failureOf(error, 'the layer'))
  }
}

/** All there is to know of a tree, by name: two trees are the same when this is. */
export const treeOf = (root: string): Record<string, unknown> => {
  const tree: Record<string, unknown> = {}
  const firstName = new Map<bigint, string>()
  const visit = (path: Buffer, name: string) => {
    const stats = lstatSync(path, { bigint: true })
    const linkedTo = stats.isDirectory() ? undefined : firstName.get(stats.ino)
    firstName.set(stats.ino, linkedTo ?? name)
    tree[name] = {
      mode: stats.mode.toString(8),
      owner: `${stats.uid}:${stats.gid}`,
      modified: stats.mtimeNs,
      device: stats.isCharacterDevice() || stats.isBlockDevice() ? stats.rdev : null,
      target: stats.isSymbolicLink() ? readlinkSync(path, 'latin1') : null,
      content: stats.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : null,
      sameAs: linkedTo === name ? undefined : linkedTo,
      attributes: listXattrs(path)
        .map(key => `${key.toString('latin1')}=${getXattr(path, key)?.toString('hex')}`)
        .toSorted(),
    }
    if (!stats.isDirectory()) return
    const names = readdirSync(path, 'buffer').toSorted(Buffer.compare)
    for (const child of names)
      visit(Buffer.concat([path, Buffer.from('/'), child]), `${name}/${child.toString('latin1')}`)
  }
  visit(Buffer.from(root), '.')
  return tree
}
