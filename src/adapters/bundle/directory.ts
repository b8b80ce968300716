import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import * as t from 'io-ts'
import type { BundleStore } from '../../domain/bundle/port.ts'
import { ociJson } from '../../domain/bundle/oci-config.ts'
import type { OciConfig } from '../../domain/bundle/oci-config.ts'
import { ContainerId } from '../../domain/kernel/identifiers.ts'
import type { Digest } from '../../domain/kernel/identifiers.ts'
import { Mount } from '../../domain/kernel/mount.ts'
import type { EffectFailure } from '../../domain/kernel/problem.ts'
import { durable } from '../host/durable.ts'
import { failpoint } from '../host/failpoint.ts'
import { shortageOf } from '../host/shortage.ts'
import { configOf } from './config.ts'
import type { Surroundings } from './config.ts'
import { readHostFacts } from './host-facts.ts'
import { findInit } from './init-binary.ts'
import { refused } from './refused.ts'
import { checkRootfs } from './rootfs-layout.ts'
import { mountRootfs, unmountRootfs } from './rootfs-mount.ts'
import { readDefaultProfile } from './seccomp-profile.ts'

type Work = Parameters<BundleStore['prepare']>[0]

/** A bundle store, with what its owner needs for tidying up. */
export type BundleDirectories = BundleStore &
  Readonly<{
    /** Unmounts the rootfs and keeps everything else; `activate` mounts it again. */
    deactivate: (container: ContainerId) => TE.TaskEither<EffectFailure, void>
    /** Containers of which anything is on disk, be it only their output or values of an environment. */
    list: () => TE.TaskEither<EffectFailure, ReadonlyArray<ContainerId>>
  }>

/**
 * Bundles as directories.
 *
 * `<root>/containers/<id>/` (0700): `config.json` and `env` (0600: values of the environment), `mounts.json`, `hosts`,
 * `hostname`, `resolv.conf`, and the output, `log`. `<state>/containers/<id>/` (0700): a copy of `config.json`, and
 * `rootfs`; the monitor keeps its files there too. All of it is done with a few synchronous calls on small files,
 * which takes a millisecond and is on the path of every start; that it is on the disk is waited for, which takes 1.4 ms
 * more (ext4 on a loop device).
 */
export const openBundles = ({
  root,
  state,
  surroundings = readSurroundings(),
}: Readonly<{ root: string; state: string; surroundings?: Surroundings }>): BundleDirectories => {
  const keptIn = (container: ContainerId) => join(root, 'containers', container)
  const bundleOf = (container: ContainerId) => join(state, 'containers', container)
  const rootfsOf = (container: ContainerId) => join(bundleOf(container), 'rootfs')

  const prepare = async (
    work: Work,
  ): Promise<E.Either<EffectFailure, Readonly<{ path: string; configDigest: Digest }>>> => {
    const { container, mounts } = work
    const kept = keptIn(container)
    const bundle = bundleOf(container)
    mkdirSync(kept, { recursive: true, mode: 0o700 })
    mountRootfs(mounts, rootfsOf(container))
    failpoint('rootfs mounted')

    const before = readKept(kept)
    const salt = before?.config.annotations['shiplog.salt'] ?? randomBytes(16).toString('hex')
    const config = configOf({ ...work, kept, rootfs: rootfsOf(container), salt }, surroundings)
    if (E.isLeft(config)) {
      // Recorded as failed, and whoever tries again begins at the beginning.
      unmountRootfs(rootfsOf(container))
      return config
    }
    const text = ociJson(config.right)
    writeFileSync(join(kept, 'mounts.json'), JSON.stringify(mounts), { mode: 0o600 })
    writeFileSync(join(kept, 'config.json'), text, { mode: 0o600 })
    writeFileSync(join(bundle, 'config.json'), text, { mode: 0o600 })
    failpoint('bundle written')
    // A container that was reported as made can be started after a power failure.
    await durable([
      ...readdirSync(kept)
        .filter(name => name !== 'log')
        .map(name => join(kept, name)),
      kept,
      dirname(kept),
    ])
    const digest = createHash('sha256').update(text).digest('hex')
    return E.right({ path: bundle, configDigest: `sha256:${digest}` as Digest })
  }

  const activate = (container: ContainerId): E.Either<EffectFailure, Readonly<{ path: string }>> => {
    const kept = readKept(keptIn(container))
    if (kept === null)
      return refused(
        'bundle-lost',
        `${keptIn(container)} has no readable config.json and mounts.json any more`,
      )
    const path = bundleOf(container)
    mountRootfs(kept.mounts, rootfsOf(container))
    const safe = checkRootfs(rootfsOf(container), kept.config.process.cwd)
    if (E.isLeft(safe)) return safe
    writeFileSync(join(path, 'config.json'), kept.text, { mode: 0o600 })
    return E.right({ path })
  }

  /** A rootfs that were still mounted would be emptied with the rest: rmdir fails where it is. */
  const remove = (container: ContainerId): E.Either<EffectFailure, void> => {
    unmountRootfs(rootfsOf(container))
    failpoint('rootfs unmounted')
    ignoringAbsence(() => rmdirSync(rootfsOf(container)))
    rmSync(bundleOf(container), { recursive: true, force: true })
    failpoint('bundle emptied')
    const kept = keptIn(container)
    const names = ignoringAbsence(() => readdirSync(kept)) ?? []
    const isOutput = (name: string) => name === 'log' || name.startsWith('log.')
    for (const name of names) if (!isOutput(name)) rmSync(join(kept, name), { recursive: true, force: true })
    if (!names.some(isOutput)) ignoringAbsence(() => rmdirSync(kept))
    return E.right(undefined)
  }

  return {
    keepEnvironment: (container, entries) =>
      effect(container, async () => {
        mkdirSync(keptIn(container), { recursive: true, mode: 0o700 })
        const path = join(keptIn(container), 'env')
        writeFileSync(path, JSON.stringify(entries), { mode: 0o600 })
        await durable([path])
        return E.right(undefined)
      }),
    prepare: work => effect(work.container, () => prepare(work)),
    activate: container => effect(container, () => activate(container)),
    deactivate: container => effect(container, () => E.right(unmountRootfs(rootfsOf(container)))),
    remove: container => effect(container, () => remove(container)),
    outputPath: container => join(keptIn(container), 'log'),
    list: () =>
      effect(join(root, 'containers'), () => {
        const names = [root, state].flatMap(
          at => ignoringAbsence(() => readdirSync(join(at, 'containers'))) ?? [],
        )
        return E.right([...new Set(names)].filter(ContainerId.is))
      }),
  }
}

/** This machine, as every bundle on it needs to know it. Read once. */
export const readSurroundings = (): Surroundings => ({
  host: readHostFacts(),
  profile: readDefaultProfile(),
  findInit,
})

/** Final at the first try: the names are wrong, or the kernel will not have the mount. */
const finalErrors = new Set(['ENAMETOOLONG', 'ELOOP', 'EINVAL', 'ENODEV', 'EPERM', 'ENOTDIR'])

/** The one place where what the system throws becomes a value. */
const effect =
  <A>(
    what: string,
    run: () => E.Either<EffectFailure, A> | Promise<E.Either<EffectFailure, A>>,
  ): TE.TaskEither<EffectFailure, A> =>
  async () => {
    try {
      return await run()
    } catch (error) {
      const { code, syscall, message } = error as NodeJS.ErrnoException
      if (code === undefined) throw error
      return E.left({
        reason: finalErrors.has(code) ? 'refused' : 'unavailable',
        problem: shortageOf(code) ?? (syscall === 'mount' ? 'mount-failed' : 'bundle-unavailable'),
        cause: `bundle of ${what}: ${message}`,
      })
    }
  }

const ignoringAbsence = <A>(run: () => A): A | null => {
  try {
    return run()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

type Kept = Readonly<{ text: string; config: OciConfig; mounts: ReadonlyArray<Mount> }>

/** What `prepare` wrote; null where it is not all there, as after a power failure. */
const readKept = (directory: string): Kept | null => {
  try {
    const text = readFileSync(join(directory, 'config.json'), 'utf8')
    const mounts = t
      .readonlyArray(Mount)
      .decode(JSON.parse(readFileSync(join(directory, 'mounts.json'), 'utf8')))
    return E.isLeft(mounts) ? null : { text, config: JSON.parse(text) as OciConfig, mounts: mounts.right }
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
