import type { Stats } from 'node:fs'
import type { Path } from '../host/libc.ts'
import { makeNode, nodeType } from '../host/node.ts'
import { setXattr } from '../host/xattr.ts'

// How an overlay's layer says what it does to the layers below (linux, filesystems/overlayfs.rst).

/** A file of the layers below is gone: a character device with the number 0. */
export const isWhiteout = (stats: Stats) => stats.isCharacterDevice() && stats.rdev === 0

export const makeWhiteout = (path: Path) => makeNode(path, nodeType.character)

/** Nothing that is below in the layers under this directory is in it. */
export const makeOpaque = (directory: number) =>
  setXattr(directory, 'trusted.overlay.opaque', Buffer.from('y'))

/**
 * A directory with whiteouts that no lower layer has would list them (measured on 6.18: as files that cannot be
 * looked at). The kernel looks for whiteouts where it finds this attribute, which says "merged once".
 */
export const makeSifted = (directory: number) =>
  setXattr(directory, 'trusted.overlay.origin', Buffer.alloc(0))

/** Attributes that are the overlay's own language: an archive has no say in it. */
export const isOverlayAttribute = (name: string) =>
  name.startsWith('trusted.overlay.') || name.startsWith('user.overlay.')
