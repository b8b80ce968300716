import {
  closeSync,
  fchmodSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  unlinkSync,
} from 'node:fs'
import { DIRECTORY, itself, openBeneath, through } from '../host/beneath.ts'
import type { Path } from '../host/libc.ts'
import type { Entry } from './layer-tar.ts'
import { isWhiteout, makeOpaque } from './overlay-marks.ts'
import { LayerRefused, shown } from './refusal.ts'

/** A directory of a layer, as far as the archive has told. It is where its parents' names say, with no link among them. */
export type Directory = {
  /** Null for the root, whose name is ''. */
  readonly parent: Directory | null
  readonly name: string
  /** Every directory that is in it; null while there is none. */
  children: Map<string, Directory> | null
  /** What the archive says it is like; null while no entry has been about it. */
  entry: Entry | null
  /** It was made because something is in it, and is `0755 root:root`; see `implicit-directories.ts`. */
  isImplicit: boolean
  isOpaque: boolean
  isSifted: boolean
}

/** Where something is in a layer: a path below its root, with no symbolic link in it; '' is the root itself. */
export type Place = string

export const placeOf = ({ parent, name }: Directory): Place => {
  let place = name
  for (let at = parent; at !== null && at.parent !== null; at = at.parent) place = `${at.name}/${place}`
  return place
}

/** The kernel's own limit (path_resolution(7)). */
const MOST_LINKS = 40

/**
 * How many components a layer's own links may make us walk, all entries together. One entry may ask for 40 links of a
 * thousand components each; what a file system is packed into has none or few, for its entries have their real names.
 */
const MOST_STEPS = 4_000_000

/** Entries come directory by directory, so that few are open at a time; how many does not matter much. */
const MOST_OPEN = 16

/**
 * A layer's directory, of which nothing is reached but what is inside.
 *
 * Paths are not what this relies on. The root is held open; every other directory is opened beneath it by openat2(2),
 * which follows no link and leaves the root by no way; and what is done is done to one name in a directory that is open,
 * never through a link of that name. So it makes no difference what an archive, or somebody else, puts in place of a
 * directory between two entries. A layer's own links are read, and walked here with the layer's root as `/`.
 *
 * `count` is told of each directory that is made without an entry of its own; what it throws ends the making.
 */
export const layerRoot = (path: string, count: () => void) => {
  const top = openSync(path, DIRECTORY)
  const root = newDirectory(null, '')
  root.isImplicit = true
  /** Least recently used first. */
  const opened = new Map<Directory, number>()
  let latest = root
  let latestDescriptor = top
  let steps = 0

  /** Open until some others have been asked for. */
  const descriptorOf = (directory: Directory): number => {
    if (directory === latest) return latestDescriptor
    let descriptor = directory === root ? top : opened.get(directory)
    if (directory !== root) {
      if (descriptor !== undefined) opened.delete(directory)
      else descriptor = openBeneath(top, bytesOf(placeOf(directory)), DIRECTORY)
      opened.set(directory, descriptor)
      if (opened.size > MOST_OPEN) for (const oldest of opened.keys()) if (close(oldest)) break
    }
    latest = directory
    latestDescriptor = descriptor as number
    return latestDescriptor
  }

  const close = (directory: Directory): boolean => {
    const descriptor = opened.get(directory)
    if (descriptor === undefined) return false
    opened.delete(directory)
    if (directory === latest) {
      latest = root
      latestDescriptor = top
    }
    closeSync(descriptor)
    return true
  }

  /** What to call the system with. It holds until some other directories have been asked for. */
  const at = (directory: Directory, name: string): Path => through(descriptorOf(directory), bytesOf(name))

  const look = (directory: Directory, name: string) =>
    lstatSync(at(directory, name), { throwIfNoEntry: false })

  const adopt = (parent: Directory, name: string): Directory => {
    const directory = newDirectory(parent, name)
    parent.children ??= new Map()
    parent.children.set(name, directory)
    return directory
  }

  /** Throws EEXIST where something has that name. */
  const make = (parent: Directory, name: string): Directory => {
    mkdirSync(at(parent, name), 0o755)
    return adopt(parent, name)
  }

  const makeImplicit = (parent: Directory, name: string): Directory => {
    count()
    const directory = make(parent, name)
    // Whatever the umask.
    fchmodSync(descriptorOf(directory), 0o755)
    directory.isImplicit = true
    return directory
  }

  /** Takes away what has that name, with all that is in it. */
  const remove = (parent: Directory, name: string) => {
    const directory = parent.children?.get(name)
    if (directory === undefined) return unlinkSync(at(parent, name))
    const all = [directory]
    for (const each of all) for (const child of each.children?.values() ?? []) all.push(child)
    // Those that are in others first, so that what is left in each is no directory.
    for (const each of all.toReversed()) {
      const inside = readdirSync(itself(descriptorOf(each)), 'buffer')
      for (const name of inside) unlinkSync(through(descriptorOf(each), name))
      rmdirSync(at(each.parent as Directory, each.name))
      close(each)
    }
    parent.children?.delete(name)
  }

  /** Walks on from a directory in which the first of `names` is not known to be one. */
  const walk = (from: Directory, names: ReadonlyArray<string>, whenMissing: 'make' | 'stop') => {
    const ahead = names.toReversed()
    let directory = from
    let links = 0
    for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
      if (links > 0 && ++steps > MOST_STEPS)
        throw new LayerRefused('too-large', `more than ${MOST_STEPS} steps through symbolic links`)
      if (name === '' || name === '.') continue
      if (name === '..') {
        directory = directory.parent ?? root
        continue
      }
      const known = directory.children?.get(name)
      if (known !== undefined) {
        directory = known
        continue
      }
      const stats = look(directory, name)
      if (stats?.isSymbolicLink()) {
        if (++links > MOST_LINKS)
          throw new LayerRefused('path-escapes-root', `${shown(names.join('/'))}: too many symbolic links`)
        const target = readlinkSync(at(directory, name), 'latin1')
        if (target.startsWith('/')) directory = root
        for (const next of target.split('/').toReversed()) ahead.push(next)
        continue
      }
      if (stats === undefined) {
        if (whenMissing === 'stop') return null
        directory = makeImplicit(directory, name)
      } else if (whenMissing === 'make' && isWhiteout(stats)) {
        // What is below is hidden by the layer, and then there is something new of that name.
        unlinkSync(at(directory, name))
        directory = makeImplicit(directory, name)
        makeOpaque(descriptorOf(directory))
        directory.isOpaque = true
        directory.isImplicit = false
      } else
        throw new LayerRefused(
          'unsupported-entry',
          `${shown(names.join('/'))}: ${shown(within(placeOf(directory), name))} is not a directory`,
        )
    }
    return directory
  }

  /** Known directories all the way is what there is nearly always. */
  const reach = (names: ReadonlyArray<string>, whenMissing: 'make' | 'stop') => {
    let directory = root
    for (let i = 0; i < names.length; i++) {
      const next = directory.children?.get(names[i] as string)
      if (next === undefined) return walk(directory, names.slice(i), whenMissing)
      directory = next
    }
    return directory
  }

  return {
    root,
    at,
    look,
    descriptorOf,
    make,
    remove,

    /** The directory of that name; it and its parents are made if they are not there. */
    directoryAt: (names: ReadonlyArray<string>): Directory => reach(names, 'make') ?? root,

    /** The same for a directory that must be there; null where it is not. */
    findDirectory: (names: ReadonlyArray<string>): Directory | null => reach(names, 'stop'),

    /** All that there are, parents first. */
    directories: function* (): Generator<Directory> {
      const ahead = [root]
      for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
        yield next
        for (const child of next.children?.values() ?? []) ahead.push(child)
      }
    },

    /** Lets go of what is open. */
    close: () => {
      for (const directory of opened.keys()) close(directory)
      closeSync(top)
    },
  }
}

const newDirectory = (parent: Directory | null, name: string): Directory => ({
  parent,
  name,
  children: null,
  entry: null,
  isImplicit: false,
  isOpaque: false,
  isSifted: false,
})

const within = (place: Place, name: string): Place => (place === '' ? name : `${place}/${name}`)

/** A name as the system wants it. Strings where that says the same, because they are quicker. */
export const bytesOf = (name: string): Path => (isAscii(name) ? name : Buffer.from(name, 'latin1'))

const isAscii = (text: string) => !/[\x80-\xff]/.test(text)
