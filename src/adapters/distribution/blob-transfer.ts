import { isDocumentType } from '../../domain/distribution/manifest.ts'
import type { Descriptor } from '../../domain/kernel/descriptor.ts'
import type { EffectFailure } from '../../domain/kernel/problem.ts'
import type { Patience } from './patience.ts'
import { pauseAfter } from './patience.ts'
import { failureOf, refused, unavailable } from './registry-failure.ts'
import { discard, header } from './registry-http.ts'
import type { Response } from './registry-http.ts'
import type { Repository } from './repository.ts'

/** How far a transfer has come: `bytes` of `size` are here. */
export type Progress = Readonly<{ blob: Descriptor; bytes: number }>

/** After so many bytes the count of failures begins anew: a connection may be bad, but it must get on. */
const GOOD_PROGRESS = 2 ** 20

/**
 * A blob's bytes from `offset`, over as many connections as it takes.
 *
 * A dropped connection is resumed with `Range` where it broke. A registry that ignores it, or that answers with some
 * other part, is asked for everything, and what we have already is passed over: nothing is ever appended to what it
 * does not follow. What is said to be of another size is refused before it is read, and no byte above the blob's size
 * is passed on.
 */
export async function* transfer(
  { get }: Repository,
  blob: Descriptor,
  offset: number,
  {
    patience,
    signal,
    progress,
  }: Readonly<{
    patience: Patience
    signal: AbortSignal
    progress: (progress: Progress) => void
  }>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { digest, size, mediaType } = blob
  const what = `${isDocumentType(mediaType) ? 'manifests' : 'blobs'}/${digest}`
  const accept: Readonly<Record<string, string>> = isDocumentType(mediaType) ? { accept: mediaType } : {}
  let at = offset
  let askForPart = true
  let failures = 0
  let goodAt = offset

  while (at < size) {
    const isPart = at > 0 && askForPart
    const headers = isPart ? { ...accept, range: `bytes=${at}-` } : accept
    const response = await get(what, headers, response => Promise.resolve(response))
    const begin = beginningOf(response, at, blob)
    if (begin === null) {
      await discard(response)
      if (!isPart) throw refused('registry-protocol', `${digest}: cannot be had as a whole`)
      askForPart = false
      continue
    }

    let failure: EffectFailure | null = null
    try {
      let position = begin
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        const fresh = position >= at ? chunk : chunk.subarray(Math.min(at - position, chunk.length))
        position += chunk.length
        if (position > size)
          throw refused('size-mismatch', `${digest}: more than the ${size} bytes that were promised`)
        if (fresh.length === 0) continue
        at += fresh.length
        progress({ blob, bytes: at })
        yield fresh
      }
    } catch (error) {
      failure = failureOf(digest, error)
      if (failure.reason === 'refused') throw failure
    } finally {
      response.body.on('error', () => {}).destroy()
    }
    if (at === size) return

    signal.throwIfAborted()
    failures = at - goodAt >= GOOD_PROGRESS ? 1 : failures + 1
    if (failures === 1) goodAt = at
    if (failures >= patience.attempts)
      throw (
        failure ?? unavailable('registry-unreachable', `${digest}: broke off after ${at} of ${size} bytes`)
      )
    await patience.pause(pauseAfter(failures, null, patience), signal)
  }
}

/** Where in the blob an answer begins; null where it has to be asked for in another way. */
const beginningOf = (response: Response, at: number, { digest, size }: Descriptor): number | null => {
  const { statusCode, body } = response
  const refuse = (said: string) => {
    body.on('error', () => {}).destroy()
    return refused('size-mismatch', `${digest}: the registry has ${said} bytes of it, and not ${size}`)
  }
  const encoding = header(response, 'content-encoding')
  if (encoding !== null && encoding !== 'identity') {
    body.on('error', () => {}).destroy()
    throw refused('registry-protocol', `${digest}: was sent with the encoding ${JSON.stringify(encoding)}`)
  }
  const length = header(response, 'content-length')

  if (statusCode === 200) {
    if (length !== null && Number(length) !== size) throw refuse(length)
    return 0
  }
  if (statusCode !== 206 || at === 0) return null
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(header(response, 'content-range') ?? '')
  if (range === null || Number(range[1]) !== at) return null
  const total = range[3]
  if (total !== undefined && total !== '*' && Number(total) !== size) throw refuse(total)
  // A part of the rest is as good: what is missing after it is asked for next.
  return Number(range[2]) < size ? at : null
}
