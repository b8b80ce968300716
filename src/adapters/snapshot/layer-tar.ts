import type { Header } from 'tar-stream'
import type { Instant } from '../host/times.ts'
import { faithfulExtract } from './faithful-extract.ts'
import type { Records } from './faithful-extract.ts'
import { LayerRefused, shown } from './refusal.ts'

/** One entry of a layer's archive. Names are bytes, each a character of the string (latin1). */
export type Entry = Readonly<{
  type: 'file' | 'link' | 'symlink' | 'character-device' | 'block-device' | 'directory' | 'fifo'
  name: string
  /** What a link points at; '' for what is none. */
  target: string
  /** Permission bits, 12 of them. */
  mode: number
  uid: number
  gid: number
  /** Bytes of data that follow: 0 for all but files. */
  size: number
  modified: Instant
  major: number
  minor: number
  /** Extended attributes in the order of the archive, values as bytes; null for most. */
  attributes: ReadonlyMap<string, Buffer> | null
}>

/** Told of an archive's entries in order. What it throws ends the reading. */
export type EntryVisitor = Readonly<{
  begin: (entry: Entry) => void
  /** Data of the file begun last. */
  data: (chunk: Buffer) => void
  /** The file begun last is complete. Not told of entries without data. */
  end: () => void
}>

/**
 * Reads a layer (ustar, GNU and PAX; OCI image-spec, layer.md) in one pass. Entries and their data are told
 * synchronously, as the bytes come; what follows the end of the archive is read, and ignored.
 *
 * @throws LayerRefused, and whatever the source or the visitor throws
 */
export const readLayerTar = async (chunks: AsyncIterable<Buffer>, visitor: EntryVisitor): Promise<void> => {
  const parser = faithfulExtract()
  let failure: Readonly<{ error: unknown }> | null = null
  let reading = false
  let finished = false
  let wake = () => {}

  const fail = (error: unknown) => {
    failure ??= { error }
    parser.destroy()
    wake()
  }
  const attempt = (run: () => void) => {
    try {
      if (failure === null) run()
    } catch (error) {
      fail(error)
    }
  }

  parser.on('entry', (header, stream, next) => {
    attempt(() => {
      const entry = entryOf(header)
      visitor.begin(entry)
      // A directory's size is a quota, of old; no data follows it. Not at once: the parser would go on from within, and a million empty entries would be as many calls deep.
      if (header.size === 0 || entry.type === 'directory') queueMicrotask(() => next())
      else if (entry.type === 'file') {
        reading = true
        stream.on('data', chunk => attempt(() => visitor.data(chunk as Buffer)))
        stream.on('end', () => {
          reading = false
          attempt(visitor.end)
          next()
          wake()
        })
        stream.on('error', () => {})
      } else throw new LayerRefused('unsupported-entry', `${shown(entry.name)}: a ${entry.type} with data`)
    })
  })
  parser.on('drain', () => wake())
  parser.on('finish', () => {
    finished = true
    wake()
  })
  parser.on('error', error =>
    fail(
      error instanceof LayerRefused
        ? error
        : new LayerRefused('corrupt-archive', `not a tar: ${error.message}`),
    ),
  )

  /** Waits for something to happen to the parser, after `run`, which may make it happen at once. */
  const afterwards = async (run: () => boolean) => {
    const woken = new Promise<void>(resolve => {
      wake = resolve
    })
    if (failure === null && !run()) await woken
    if (failure !== null) throw failure.error
  }

  try {
    for await (const chunk of chunks) if (!parser.ended) await afterwards(() => parser.write(chunk))
    await afterwards(() => {
      parser.end(null)
      return false
    })
    // The parser has read all of an archive without an end mark before the last file's data has been told.
    while (!finished || reading) await afterwards(() => false)
  } finally {
    parser.destroy()
  }
}

const entryOf = (header: Header): Entry => {
  const records = (header.pax ?? {}) as Records
  const { name } = header
  const type = typeOf(header)
  if (type === null) throw new LayerRefused('unsupported-entry', `${shown(name)}: an entry of unknown type`)

  const number = (key: string, value: number | null | undefined, least: number, most: number) => {
    const is = Number.isInteger(value) && (value as number) >= least && (value as number) <= most
    if (!is)
      throw new LayerRefused(
        'corrupt-archive',
        `${shown(name)}: ${key} is not a number from ${least} to ${most}`,
      )
    return value as number
  }
  const id = (key: 'uid' | 'gid') =>
    number(key, records[key] === undefined ? header[key] : Number(records[key]), 0, 2 ** 32 - 2)
  const device = (key: 'devmajor' | 'devminor', most: number) =>
    type.endsWith('device') ? number(key, header[key], 0, most) : 0

  return {
    type,
    name,
    target: type === 'link' || type === 'symlink' ? (header.linkname ?? '') : '',
    mode: number('mode', header.mode, 0, 0xffff_ffff) & 0o7777,
    uid: id('uid'),
    gid: id('gid'),
    size: type === 'file' ? number('size', header.size, 0, Number.MAX_SAFE_INTEGER) : 0,
    modified: modifiedOf(name, header.mtime, records['mtime']),
    major: device('devmajor', 0xfff),
    minor: device('devminor', 0xfffff),
    attributes: attributesOf(name, records),
  }
}

const typeOf = ({ type, name, size }: Header): Entry['type'] | null => {
  switch (type) {
    case 'file':
    case 'contiguous-file':
      // How directories were written before there was a type for them; a PAX name can bring it about, too.
      return name.endsWith('/') && size === 0 ? 'directory' : 'file'
    case 'link':
    case 'symlink':
    case 'character-device':
    case 'block-device':
    case 'directory':
    case 'fifo':
      return type
    default:
      return null
  }
}

/** `[-]seconds[.fraction]`; what is finer than a nanosecond is cut off. Beyond the year 2446 ext4 has no times either. */
const modifiedOf = (name: string, mtime: Date | undefined, record: string | undefined): Instant => {
  const [, sign, whole, fraction = ''] = /^(-?)(\d{1,11})(?:\.(\d*))?$/.exec(record ?? '') ?? []
  if (whole !== undefined) {
    const seconds = Number(whole)
    const nanoseconds = Number(fraction.padEnd(9, '0').slice(0, 9))
    if (sign !== '-') return { seconds, nanoseconds }
    return nanoseconds === 0
      ? { seconds: -seconds, nanoseconds }
      : { seconds: -seconds - 1, nanoseconds: 1e9 - nanoseconds }
  }
  const seconds = (mtime?.getTime() ?? Number.NaN) / 1000
  if (record !== undefined || !Number.isInteger(seconds))
    throw new LayerRefused('corrupt-archive', `${shown(name)}: its time is not a number`)
  // tar-stream takes two's complement for one's: what it reads of negative numbers is one too high. Of -1 that makes 0,
  // which nothing tells from 0: a file of the last second of 1969 is one second younger, where PAX does not say otherwise.
  return { seconds: seconds < 0 ? seconds - 1 : seconds, nanoseconds: 0 }
}

const SCHILY = 'SCHILY.xattr.'

const attributesOf = (name: string, records: Records): ReadonlyMap<string, Buffer> | null => {
  let attributes: Map<string, Buffer> | null = null
  for (const key in records) {
    if (key.startsWith(SCHILY)) {
      attributes ??= new Map()
      attributes.set(key.slice(SCHILY.length), Buffer.from(records[key] ?? '', 'latin1'))
    } else if (key.startsWith('GNU.sparse.'))
      throw new LayerRefused('unsupported-entry', `${shown(name)}: a sparse file`)
  }
  return attributes
}
