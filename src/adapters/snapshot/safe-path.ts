import { chmodSync, lstatSync, mkdirSync, readlinkSync, unlinkSync } from 'node:fs'
import type { Path } from '../host/libc.ts'
import { isWhiteout, makeOpaque } from './overlay-marks.ts'
import { LayerRefused, shown } from './refusal.ts'

/**
 * A name's components, as if the layer's root were `/`: absolute or not, `..` ends at the root. (`a/../../x` is `x`.)
 *
 * @throws LayerRefused `corrupt-archive` for a name with a NUL, at which the kernel would cut it
 */
export const componentsOf = (name: string): ReadonlyArray<string> => {
  if (name.includes('\0')) throw new LayerRefused('corrupt-archive', `${shown(name)}: a name with a NUL`)
  const components: Array<string> = []
  for (const component of name.split('/')) {
    if (component === '..') components.pop()
    else if (component !== '' && component !== '.') components.push(component)
  }
  return components
}

/** Where something is in a layer: a path below its root, with no symbolic link in it; '' is the root itself. */
export type Place = string

export const within = (directory: Place, name: string): Place =>
  directory === '' ? name : `${directory}/${name}`

export const parentOf = (place: Place): Place => place.slice(0, Math.max(0, place.lastIndexOf('/')))

/** The kernel's own limit (path_resolution(7)). */
const MOST_LINKS = 40

/**
 * A layer's directory, of which nothing is reached but what is inside.
 *
 * The directory is new, and nobody else writes to it before it is complete, so there is no race to lose: each
 * component is looked at and not followed, and where a layer's own symbolic link stands in the way, its target is
 * walked in the same manner, with the layer's root as `/`.
 */
export const layerRoot = (directory: string) => {
  const asBytes = Buffer.from(`${directory}/`)
  const directories = new Set<Place>([''])
  const walked = new Map<string, Place>()
  const implicit = new Set<Place>([''])

  /** The path to call the system with. Strings where that says the same, because they are quicker. */
  const pathOf = (place: Place): Path => {
    if (place === '') return directory
    return isAscii(place) ? `${directory}/${place}` : Buffer.concat([asBytes, Buffer.from(place, 'latin1')])
  }

  const look = (place: Place) => lstatSync(pathOf(place), { throwIfNoEntry: false })

  const make = (place: Place) => {
    mkdirSync(pathOf(place))
    chmodSync(pathOf(place), 0o755)
    directories.add(place)
    implicit.add(place)
  }

  const walk = (names: ReadonlyArray<string>, whenMissing: 'make' | 'stop'): Place | null => {
    const ahead = names.toReversed()
    let place = ''
    let links = 0
    for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
      if (name === '' || name === '.') continue
      if (name === '..') {
        place = parentOf(place)
        continue
      }
      const next = within(place, name)
      if (!directories.has(next)) {
        const stats = look(next)
        if (stats?.isSymbolicLink()) {
          if (++links > MOST_LINKS)
            throw new LayerRefused('path-escapes-root', `${shown(names.join('/'))}: too many symbolic links`)
          const target = readlinkSync(pathOf(next), 'latin1')
          if (target.startsWith('/')) place = ''
          ahead.push(...target.split('/').toReversed())
          continue
        }
        if (stats === undefined) {
          if (whenMissing === 'stop') return null
          make(next)
        } else if (stats.isDirectory()) directories.add(next)
        else if (whenMissing === 'make' && isWhiteout(stats)) {
          // What is below is hidden by the layer, and then there is something new of that name.
          unlinkSync(pathOf(next))
          make(next)
          makeOpaque(pathOf(next))
          implicit.delete(next)
        } else
          throw new LayerRefused(
            'unsupported-entry',
            `${shown(names.join('/'))}: ${shown(next)} is not a directory`,
          )
      }
      place = next
    }
    return place
  }

  return {
    pathOf,
    look,

    /** Where a directory of that name is; it and its parents are made if they are not there. */
    directoryAt: (names: ReadonlyArray<string>): Place => {
      const key = names.join('/')
      const known = walked.get(key)
      if (known !== undefined) return known
      const place = walk(names, 'make') ?? ''
      walked.set(key, place)
      return place
    },

    /** The same for a directory that must be there; null where it is not. */
    findDirectory: (names: ReadonlyArray<string>): Place | null => walk(names, 'stop'),

    isKnownDirectory: (place: Place) => directories.has(place),

    /** An entry of its own made this directory, or told what it is like. */
    told: (place: Place) => {
      directories.add(place)
      implicit.delete(place)
    },

    /** Something that may have been a directory, or a link to one, is not there any more. */
    gone: (place: Place) => {
      walked.clear()
      const below = `${place}/`
      for (const set of [directories, implicit])
        for (const known of set) if (known === place || known.startsWith(below)) set.delete(known)
    },

    /** Directories no entry told of: parents of entries. They are `0755 root:root` so far. */
    implicit: implicit as ReadonlySet<Place>,
  }
}

const isAscii = (text: string) => !/[\x80-\xff]/.test(text)
