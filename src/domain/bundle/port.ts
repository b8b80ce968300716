import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { ContainerOptions } from '../kernel/container-options.ts'
import type { ContainerId, Digest } from '../kernel/identifiers.ts'
import type { ImageDefaults } from '../kernel/image-config.ts'
import type { Mount } from '../kernel/mount.ts'
import type { EffectFailure } from '../kernel/problem.ts'

/**
 * The directories of containers.
 *
 * A bundle has a part that survives a reboot (`<root>/containers/<id>/`: config.json, environment, hosts, output) and
 * the part an OCI runtime is given (`<state>/containers/<id>/`, on a tmpfs: config.json and the mounted rootfs).
 *
 * `prepare` and `activate` are *ensures*; a right means "it is there". Prepared again with the same work, a bundle has
 * the same digest. The digest is that of the whole config.json, environment and all; a random salt in it keeps anyone
 * who reads the log from guessing a password by it. After a refusal nothing is mounted.
 *
 * The image is not trusted: its links are followed inside its own rootfs only, its files are read to a bound, and
 * nothing in it is waited for. What must hold of a rootfs is looked at before every start, not only the first, since a
 * container may leave its rootfs worse than it found it. While a container runs its bundle may be activated (nothing
 * changes), but not removed.
 *
 * Refused, which is final: `bad-option`, `bad-user`, `user-not-found`, `bad-working-dir`, `bad-environment`,
 * `bad-seccomp-profile`, `capability-unavailable`, `bind-source-missing`, `init-missing`, `unsafe-path` (something in
 * the image leads out of it, or is not what it must be), `environment-lost`, `bundle-lost` (a power failure took what
 * was not yet on disk), `mount-failed` where the kernel will never have the mount. Unavailable, which may pass:
 * `mount-failed`, `no-space` (or no inodes), `too-many-open-files`, `bundle-unavailable` (an I/O error).
 */
export type BundleStore = Readonly<{
  /** Values of the environment (`NAME=value`), kept (0600) before the container is asked for; the log has the names. */
  keepEnvironment: (container: ContainerId, entries: ReadonlyArray<string>) => TaskEither<EffectFailure, void>
  prepare: (
    work: Readonly<{
      container: ContainerId
      mounts: ReadonlyArray<Mount>
      defaults: ImageDefaults
      options: ContainerOptions
    }>,
  ) => TaskEither<EffectFailure, Readonly<{ path: string; configDigest: Digest }>>
  /** Makes the runtime's part again where a reboot has emptied it, and mounts the rootfs. */
  activate: (container: ContainerId) => TaskEither<EffectFailure, Readonly<{ path: string }>>
  /** Unmounts the rootfs and removes all but the output. */
  remove: (container: ContainerId) => TaskEither<EffectFailure, void>
  /** Where the container's output is written and kept. */
  outputPath: (container: ContainerId) => string
}>
