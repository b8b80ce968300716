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
 * `prepare` and `activate` are *ensures*; a right means "it is there".
 *
 * Problems: `user-not-found`, `bad-user`, `bad-working-dir`, `bind-source-missing`, `unsafe-path`, `mount-failed`,
 * `init-missing`, `bad-seccomp-profile`.
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
