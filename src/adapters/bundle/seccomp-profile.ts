import { readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { parseSeccompProfile } from '../../domain/bundle/seccomp.ts'
import type { SeccompProfile } from '../../domain/bundle/seccomp.ts'

/** Where distributions keep the profile that they look after (Debian: golang-github-containers-common). */
const OF_THE_DISTRIBUTION = '/usr/share/containers/seccomp.json'

/** The default profile: the distribution's where there is one that can be read, else the one that came with us. */
export const readDefaultProfile = (path = OF_THE_DISTRIBUTION): SeccompProfile => {
  const theirs = read(path)
  if (theirs !== null) return theirs
  const own = read(new URL('seccomp-default.json', import.meta.url))
  if (own === null) throw new Error('seccomp-default.json is not a seccomp profile')
  return own
}

const read = (path: string | URL): SeccompProfile | null => {
  try {
    const profile = parseSeccompProfile(JSON.parse(readFileSync(path, 'utf8')))
    return E.isRight(profile) ? profile.right : null
  } catch {
    return null
  }
}
