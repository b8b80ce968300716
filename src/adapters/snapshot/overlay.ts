import { randomUUID } from 'node:crypto'
import { chmodSync, existsSync, lchownSync, lstatSync, mkdirSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { Digest, SnapshotKey } from '../../domain/kernel/identifiers.ts'
import type { Mount } from '../../domain/kernel/mount.ts'
import { oneAtATime } from '../../domain/kernel/one-at-a-time.ts'
import type { EffectFailure } from '../../domain/kernel/problem.ts'
import type { Driver } from '../../domain/snapshot/index.ts'
import { failpoint } from '../host/failpoint.ts'
import { generous } from './decompress.ts'
import type { Limits } from './decompress.ts'
import { settleImplicit } from './implicit-directories.ts'
import { failureOf } from './refusal.ts'
import { filesOf, readRecord, writeRecord } from './stored-layer.ts'
import { unpackPool } from './unpack-pool.ts'
import type { UnpackPool } from './unpack-pool.ts'

export type OverlayDriver = Driver & AsyncDisposable

export type OverlayOptions = Readonly<{
  /** The snapshots' own directory, on a file system that an overlay can stand on. Made if need be. */
  directory: string
  limits?: Limits
  pool?: UnpackPool
}>

/**
 * Snapshots as directories, mounted by overlayfs:
 *
 * - `layers/<hex of the chain id>/fs`: a committed layer's own files; beside them `layer.json`
 * - `active/<key>/upper`, `work`: a container's
 * - `temporary/…`: what is being made or taken away. One daemon has the directory, so what is there at start is left
 *   over from a crash, and goes.
 *
 * Both kinds appear and disappear by renaming, so that each is there whole or not at all. Throws when the directory
 * cannot be used.
 */
export const overlayDriver = ({
  directory,
  limits = generous,
  pool = unpackPool(),
}: OverlayOptions): OverlayDriver => {
  if (/[,:\\]/.test(directory))
    throw new Error(
      `${directory}: an overlay's directory cannot have a comma, colon or backslash in its name`,
    )
  const layers = join(directory, 'layers')
  const active = join(directory, 'active')
  const temporary = join(directory, 'temporary')
  for (const path of [directory, layers, active, temporary]) mkdirSync(path, { recursive: true, mode: 0o700 })

  const inTurn = oneAtATime<string>()
  const layerAt = (chainId: string) => join(layers, chainId.slice(chainId.indexOf(':') + 1))
  const placeOf = (key: SnapshotKey) => (key.startsWith('sha256:') ? layerAt(key) : join(active, key))
  const aside = () => join(temporary, randomUUID())

  const erase = (path: string, subject: string) => pool.run({ task: 'erase', path, subject })

  /** Out of sight at once; gone from disk when there is time. */
  for (const name of readdirSync(temporary)) void erase(join(temporary, name), `leftover ${name}`)

  const guarded = <A>(subject: string, run: () => Promise<E.Either<EffectFailure, A>>) =>
    inTurn(subject, () => run().catch(error => E.left(failureOf(error, subject))))

  return {
    unpack:
      ({ layer: { blob, diffId, chainId }, blobPath, progress }) =>
      () =>
        guarded(`layer ${chainId}`, async () => {
          const layer = layerAt(chainId)
          const stored = readRecord(layer)
          if (stored !== null) return E.right(sizes(stored))
          if (!existsSync(blobPath)) return E.left(blobMissing(blob.digest, blobPath))
          const request = { blobPath, diffId, limits, layer, temporary: aside() }
          const result = await pool.run(
            { task: 'store', request, subject: `layer ${chainId}` },
            blob.size,
            progress,
          )
          return E.map(sizes)(result)
        }),

    prepare:
      ({ key, parents }) =>
      () =>
        guarded(`snapshot ${key}`, async () => {
          const missing = parents.find(chainId => !existsSync(filesOf(layerAt(chainId))))
          if (missing !== undefined) return E.left(layerMissing(key, missing))
          const paths = parents.map(layerAt)
          paths.forEach((path, i) => settle(path, paths.slice(0, i)))

          const place = placeOf(key)
          if (!existsSync(place)) makeActive(aside(), place, paths.at(-1))
          return E.right([mountOf(place, paths)])
        }),

    remove: key => () =>
      guarded(subjectOf(key), async () => {
        const gone = aside()
        try {
          renameSync(placeOf(key), gone)
          failpoint('snapshot put aside')
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
          return E.right(undefined)
        }
        return erase(gone, subjectOf(key))
      }),

    usage: key => () =>
      guarded(`usage of ${key}`, () => {
        const place = placeOf(key)
        const path = key.startsWith('sha256:') ? filesOf(place) : join(place, 'upper')
        return pool.run({ task: 'measure', path, subject: `usage of ${key}` })
      }),

    [Symbol.asyncDispose]: () => pool.close(),
  }
}

const sizes = ({ size, entries }: { size: number; entries: number }) => ({ size, entries })

const subjectOf = (key: SnapshotKey) => (key.startsWith('sha256:') ? `layer ${key}` : `snapshot ${key}`)

const settle = (layer: string, below: ReadonlyArray<string>) => {
  const record = readRecord(layer)
  if (record === null || record.implicit.length === 0) return
  settleImplicit(filesOf(layer), record.implicit, below.map(filesOf).toReversed())
  writeRecord(layer, { ...record, implicit: [] })
}

/**
 * The root of an overlay is its upper directory: it belongs to whom the image's root does, and all may enter it, as with
 * containerd. No fsync: what is recorded of it next makes the file system's journal durable up to there.
 */
const makeActive = (temporary: string, place: string, top: string | undefined) => {
  mkdirSync(temporary, { mode: 0o700 })
  const upper = join(temporary, 'upper')
  mkdirSync(upper)
  chmodSync(upper, 0o755)
  if (top !== undefined) {
    const { uid, gid } = lstatSync(filesOf(top))
    lchownSync(upper, uid, gid)
  }
  mkdirSync(join(temporary, 'work'), { mode: 0o711 })
  failpoint('snapshot made')
  renameSync(temporary, place)
  failpoint('snapshot placed')
}

/** As containerd's overlayfs snapshotter describes it. `index=off`: two overlays may stand on one layer. */
const mountOf = (place: string, layers: ReadonlyArray<string>): Mount => {
  const upper = join(place, 'upper')
  if (layers.length === 0) return { type: 'bind', source: upper, options: ['rw', 'rbind'] }
  return {
    type: 'overlay',
    source: 'overlay',
    options: [
      'index=off',
      `workdir=${join(place, 'work')}`,
      `upperdir=${upper}`,
      `lowerdir=${layers.map(filesOf).toReversed().join(':')}`,
    ],
  }
}

const blobMissing = (digest: Digest, path: string): EffectFailure => ({
  reason: 'unavailable',
  problem: 'blob-missing',
  cause: `blob ${digest}: not at ${path}`,
})

const layerMissing = (key: SnapshotKey, chainId: Digest): EffectFailure => ({
  reason: 'refused',
  problem: 'layer-missing',
  cause: `snapshot ${key}: layer ${chainId} is not unpacked`,
})
