import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Layer } from '../kernel/descriptor.ts'
import type { Digest, SnapshotKey } from '../kernel/identifiers.ts'
import type { Mount } from '../kernel/mount.ts'
import type { EffectFailure } from '../kernel/problem.ts'

/**
 * Something that can lay out filesystems.
 *
 * All of it is *ensured*: called again with the same arguments it gives the same answer and does nothing twice. A
 * right means "it is there" (or, of `remove`, "it is not"), not "because of this call". A layer is there whole or not
 * at all. Each layer's directory holds that layer only, so layers are unpacked side by side and in any order.
 */
export type Driver = Readonly<{
  /**
   * Unpacks a layer's blob (gzip, zstd or plain tar) as the committed snapshot named by its chain id, and verifies its
   * diff id. Problems: `diff-id-mismatch`, `path-escapes-root`, `unsupported-entry`, `corrupt-archive`, `too-large`.
   */
  unpack: (
    work: Readonly<{ key: SnapshotKey; layer: Layer; blobPath: string; progress?: (bytes: number) => void }>,
  ) => TaskEither<EffectFailure, Readonly<{ size: number; entries: number }>>
  /** A writable snapshot on these layers (chain ids, lowest first): how it is to be mounted. Mounts nothing. */
  prepare: (
    work: Readonly<{ key: SnapshotKey; parents: ReadonlyArray<Digest> }>,
  ) => TaskEither<EffectFailure, ReadonlyArray<Mount>>
  remove: (key: SnapshotKey) => TaskEither<EffectFailure, void>
  /** Bytes and inodes on disk, without the parents. */
  usage: (key: SnapshotKey) => TaskEither<EffectFailure, Readonly<{ size: number; inodes: number }>>
}>
