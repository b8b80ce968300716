import { closeSync, fchmodSync, fchownSync, fstatSync, openSync } from 'node:fs'
import { DIRECTORY, openBeneath } from '../host/beneath.ts'
import { setTimes } from '../host/times.ts'
import { getXattr, listXattrs, setXattr } from '../host/xattr.ts'
import { bytesOf } from './layer-root.ts'
import type { Place } from './layer-root.ts'
import { isOverlayAttribute } from './overlay-marks.ts'

/**
 * An archive may have `tmp/x` and no `tmp/`. The directory made for it hides that of the layers below: without this,
 * `/tmp` would become `0755 root:root` with such a layer. So it is given what the nearest layer below says of it.
 * (containerd looks while it unpacks, and therefore unpacks layers one after the other.)
 *
 * `implicit` are places in the layer whose files are at `files`; `below` the files of the layers under it, nearest
 * first, settled themselves. May be done twice.
 */
export const settleImplicit = (
  files: string,
  implicit: ReadonlyArray<Place>,
  below: ReadonlyArray<string>,
): void => {
  using open = descriptors()
  const layer = open.keep(openSync(files, DIRECTORY))
  const lowers = below.map(lower => open.keep(openSync(lower, DIRECTORY)))
  for (const place of implicit) {
    using found = descriptors()
    let original: number | null = null
    for (let i = 0; i < lowers.length && original === null; i++)
      original = found.keep(directoryIn(lowers[i] as number, place))
    if (original === null) continue
    const directory = found.keep(directoryIn(layer, place))
    if (directory !== null) copyAttributes(original, directory)
  }
}

/** What is kept is closed at the end of the scope. */
const descriptors = () => {
  const kept: Array<number> = []
  return {
    keep: <D extends number | null>(descriptor: D): D => {
      if (descriptor !== null) kept.push(descriptor)
      return descriptor
    },
    [Symbol.dispose]: () => {
      for (const descriptor of kept) closeSync(descriptor)
    },
  }
}

/**
 * A directory in a layer, open; or null where the layer has none of that name. No link is followed: it would lead out of
 * the layer, into the host.
 */
const directoryIn = (layer: number, place: string): number | null => {
  try {
    return openBeneath(layer, place === '' ? '.' : bytesOf(place), DIRECTORY)
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return null
    throw error
  }
}

/** Owner, mode, time and attributes, but for those that are the overlay's own. */
const copyAttributes = (from: number, to: number): void => {
  const { uid, gid, mode, mtimeNs } = fstatSync(from, { bigint: true })
  fchownSync(to, Number(uid), Number(gid))
  for (const name of listXattrs(from)) {
    const value = isOverlayAttribute(name.toString('latin1')) ? null : getXattr(from, name)
    if (value !== null) setXattr(to, name, value)
  }
  fchmodSync(to, Number(mode & 0o7777n))
  const nanoseconds = Number(((mtimeNs % BILLION) + BILLION) % BILLION)
  setTimes(to, { seconds: Number((mtimeNs - BigInt(nanoseconds)) / BILLION), nanoseconds })
}

const BILLION = 1_000_000_000n
