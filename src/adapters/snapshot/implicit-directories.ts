import { chmodSync, lchownSync, lstatSync } from 'node:fs'
import type { Stats } from 'node:fs'
import type { Path } from '../host/libc.ts'
import { setTimes } from '../host/times.ts'
import { getXattr, listXattrs, setXattr } from '../host/xattr.ts'
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
  implicit: ReadonlyArray<string>,
  below: ReadonlyArray<string>,
): void => {
  for (const place of implicit) {
    const original = below.map(lower => directoryIn(lower, place)).find(found => found !== null)
    if (original !== undefined && original !== null) copyAttributes(original, pathIn(files, place))
  }
}

/**
 * The path of a directory in a layer, or null where the layer has none of that name. No link is followed: it would
 * lead out of the layer, into the host.
 */
const directoryIn = (files: string, place: string): Path | null => {
  const names = place === '' ? [] : place.split('/')
  for (let i = 0; i <= names.length; i++) {
    const stats = lstatSync(pathIn(files, names.slice(0, i).join('/')), { throwIfNoEntry: false })
    if (!stats?.isDirectory()) return null
  }
  return pathIn(files, place)
}

const pathIn = (files: string, place: string): Path =>
  place === '' ? files : Buffer.concat([Buffer.from(`${files}/`), Buffer.from(place, 'latin1')])

/** Owner, mode, time and attributes, but for those that are the overlay's own. */
const copyAttributes = (from: Path, to: Path): void => {
  const { uid, gid, mode }: Stats = lstatSync(from)
  const { mtimeNs } = lstatSync(from, { bigint: true })
  lchownSync(to, uid, gid)
  for (const name of listXattrs(from)) {
    const value = isOverlayAttribute(name.toString('latin1')) ? null : getXattr(from, name)
    if (value !== null) setXattr(to, name, value)
  }
  chmodSync(to, mode & 0o7777)
  const nanoseconds = Number(((mtimeNs % BILLION) + BILLION) % BILLION)
  setTimes(to, { seconds: Number((mtimeNs - BigInt(nanoseconds)) / BILLION), nanoseconds })
}

const BILLION = 1_000_000_000n
