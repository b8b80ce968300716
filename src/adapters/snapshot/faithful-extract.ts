import { extract } from 'tar-stream'
import type { Extract } from 'tar-stream'
import { LayerRefused } from './refusal.ts'

/** What we rely on of tar-stream's insides; its version is pinned, and a test holds it to this. */
type Inside = {
  _header: Readonly<{ type: string | null }> | null
  _pax: Records | null
  _missing: number
  _consumeHeader: () => boolean
  _decodeLongHeader: (body: Buffer) => void
  _final: (done: (error: Error | null) => void) => void
}

/** PAX records, each character of a value one byte. */
export type Records = Readonly<Record<string, string>>

/**
 * tar-stream's parser, made to keep what it would change:
 *
 * - PAX records stay bytes. tar-stream reads them as UTF-8, which ruins names that are not, and every binary attribute
 *   (`security.capability`, ACLs). `filenameEncoding: 'latin1'` does the same for the names in headers.
 * - Global PAX headers are skipped, as Go's archive/tar and with it every other engine does.
 * - The archive ends at its end mark (two blocks of zeros). tar-stream reads on, and fails on what follows.
 */
export const faithfulExtract = (): Extract & { readonly ended: boolean } => {
  const parser = extract({ filenameEncoding: 'latin1', allowUnknownFormat: true } as object)
  const inside = parser as unknown as Inside
  const { _consumeHeader: consumeHeader, _decodeLongHeader: decodeLongHeader, _final: final } = inside
  let zeros = 0
  let ended = false

  inside._decodeLongHeader = body => {
    switch (inside._header?.type) {
      case 'pax-header':
        inside._pax = recordsOf(body)
        return
      case 'pax-global-header':
        return
      default:
        decodeLongHeader.call(inside, body)
    }
  }

  inside._consumeHeader = () => {
    const goesOn = consumeHeader.call(inside)
    // A header of zeros is no header; `false` with none is a header that could not be read.
    zeros = goesOn && inside._header === null ? zeros + 1 : 0
    if (zeros === 2) {
      ended = true
      inside._missing = Number.POSITIVE_INFINITY
    }
    return goesOn
  }

  inside._final = done => (ended ? done(null) : final.call(inside, done))

  return Object.defineProperty(parser, 'ended', { get: () => ended }) as Extract & { readonly ended: boolean }
}

/**
 * The records of a PAX header (POSIX pax, "Extended Header"): `length key=value\n`, where length counts all of it.
 *
 * @throws LayerRefused `corrupt-archive`
 */
export const recordsOf = (body: Buffer): Records => {
  // Without a prototype, so that no key of an archive means anything to us.
  const records: Record<string, string> = Object.create(null)
  for (let start = 0; start < body.length && body[start] !== 0; ) {
    const space = body.indexOf(32, start)
    const digits = space === -1 ? '' : body.toString('latin1', start, space)
    const end = start + Number(digits)
    const equals = body.indexOf(61, space)
    const isRecord = /^\d{1,8}$/.test(digits) && end <= body.length && equals > space && equals < end - 1
    if (!isRecord || body[end - 1] !== 10)
      throw new LayerRefused('corrupt-archive', `a PAX record at byte ${start} of its header is malformed`)
    records[body.toString('latin1', space + 1, equals)] = body.toString('latin1', equals + 1, end - 1)
    start = end
  }
  return records
}
