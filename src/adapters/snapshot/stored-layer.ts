import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import * as t from 'io-ts'
import { failpoint } from '../host/failpoint.ts'
import { syncFilesystem } from '../host/sync.ts'
import { unpackLayer } from './unpack-layer.ts'
import type { UnpackRequest } from './unpack-layer.ts'

// A layer on disk: `fs`, which an overlay takes as it is, and beside it `layer.json`, which says what is in there.

/** What is known of an unpacked layer. `implicit`: see `implicit-directories.ts`; empty once they are settled. */
export const LayerRecord = t.strict({
  diffId: t.string,
  size: t.number,
  entries: t.number,
  implicit: t.readonlyArray(t.string),
})
export type LayerRecord = t.TypeOf<typeof LayerRecord>

export const filesOf = (layer: string) => join(layer, 'fs')
const recordOf = (layer: string) => join(layer, 'layer.json')

/** The record of a layer that is there, or null. Throws where it is there and unreadable. */
export const readRecord = (layer: string): LayerRecord | null => {
  let text: string
  try {
    text = readFileSync(recordOf(layer), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  const record = JSON.parse(text)
  if (!LayerRecord.is(record)) throw new Error(`${recordOf(layer)}: not a layer's record`)
  return record
}

/** Replaces it whole. Durable in its own time: what it replaces says the same, before work that may be repeated. */
export const writeRecord = (layer: string, record: LayerRecord) => {
  writeFileSync(`${recordOf(layer)}.new`, JSON.stringify(record), { mode: 0o600 })
  renameSync(`${recordOf(layer)}.new`, recordOf(layer))
}

export type StoreRequest = Omit<UnpackRequest, 'directory'> &
  Readonly<{
    /** Where the layer will be. */
    layer: string
    /** Where it is while it is being made: on the same file system, and not there yet. */
    temporary: string
  }>

/**
 * Makes a layer that has its name only when it is whole, right and durable: what is recorded of it must be true after
 * a power failure, too. One syncfs before the renaming does for all files what an fsync of each would take minutes
 * for; layers that finish together share most of it.
 *
 * @throws LayerRefused, and the errors of the file system; nothing is left behind
 */
export const storeLayer = async (
  { layer, temporary, ...request }: StoreRequest,
  progress: (bytes: number) => void,
): Promise<LayerRecord> => {
  try {
    mkdirSync(temporary, { mode: 0o700 })
    const finished = await unpackLayer({ ...request, directory: filesOf(temporary) }, progress)
    failpoint('layer extracted')
    const record = { diffId: request.diffId, ...finished }
    writeRecord(temporary, record)
    syncFilesystem(temporary)
    failpoint('layer synced')
    renameSync(temporary, layer)
    failpoint('layer placed')
    syncDirectory(dirname(layer))
    return record
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true })
    throw error
  }
}

const syncDirectory = (path: string) => {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
