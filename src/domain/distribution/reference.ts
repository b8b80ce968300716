import * as E from 'fp-ts/lib/Either.js'
import { Digest } from '../kernel/identifiers.ts'
import type { ImageName } from '../kernel/identifiers.ts'

// The grammar of github.com/distribution/reference (`regexp.go`, `normalize.go`), which docker and containerd share.

/** What a name means: whose registry, which repository there, and which of its images. */
export type Reference = Readonly<{
  domain: string
  path: string
  /** Null only where there is a digest. */
  tag: string | null
  digest: Digest | null
  /** All of it, written in the one way: `docker.io/library/alpine:3.20`, `…:3.20@sha256:…`. */
  name: ImageName
}>

export type InvalidReference = Readonly<{ reason: 'invalid-reference'; reference: string; cause: string }>

const DEFAULT_DOMAIN = 'docker.io'
const LEGACY_DEFAULT_DOMAIN = 'index.docker.io'
const OFFICIAL = 'library/'
const DEFAULT_TAG = 'latest'

const MAX_PATH = 255
const MAX_REFERENCE = 1024

const domainComponent = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const host = String.raw`(?:${domainComponent}(?:\.${domainComponent})*|\[[a-fA-F0-9:]+\])`
const domainPattern = new RegExp(String.raw`^${host}(?::([0-9]+))?$`)
const pathComponent = '[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*'
const pathPattern = new RegExp(`^${pathComponent}(?:/${pathComponent})*$`)
const tagPattern = /^\w[\w.-]{0,127}$/
const containerIdPattern = /^[a-f0-9]{64}$/

/**
 * Reads what a person writes: `alpine`, `alpine:3.20`, `ghcr.io/owner/app@sha256:…`, `[::1]:5000/app`. What was left
 * out is filled in as docker does: the registry `docker.io`, the owner `library`, and the tag `latest` where there is
 * no digest.
 */
export const parseReference = (reference: string): E.Either<InvalidReference, Reference> => {
  const invalid = (cause: string) =>
    E.left({ reason: 'invalid-reference' as const, reference: reference.slice(0, MAX_REFERENCE), cause })

  if (reference === '') return invalid('an image reference must not be empty')
  if (reference.length > MAX_REFERENCE)
    return invalid(`an image reference has at most ${MAX_REFERENCE} characters`)
  if (containerIdPattern.test(reference))
    return invalid('64 hexadecimal digits are an id, not an image reference')

  const [domain, rest] = splitDomain(reference)
  const [named, digest] = cut(rest, rest.indexOf('@'))
  // A colon before the last slash would be a port, and those are part of the domain.
  const colon = named.indexOf(':')
  const [path, tag] = cut(named, colon)

  const port = domainPattern.exec(domain)
  if (port === null) return invalid(`${show(domain)} is not the name of a registry`)
  if (Number(port[1] ?? 0) > 65_535) return invalid(`${show(domain)} has a port above 65535`)
  if (path !== path.toLowerCase()) return invalid(`the repository ${show(path)} must be in lower case`)
  if (!pathPattern.test(path)) return invalid(`${show(path)} is not the name of a repository`)
  if (path.length > MAX_PATH) return invalid(`the name of a repository has at most ${MAX_PATH} characters`)
  if (tag !== null && !tagPattern.test(tag)) return invalid(`${show(tag)} is not a tag`)
  if (digest !== null && !Digest.is(digest)) return invalid(`${show(digest)} is not a sha256 digest`)

  return E.right(referenceTo(domain, path, tag, digest))
}

/** The short form of a name, as people write and docker prints it: `alpine:3.20`, `owner/app:latest`. */
export const familiar = ({ domain, path, tag, digest, name }: Reference): string => {
  if (domain !== DEFAULT_DOMAIN) return name
  const withoutOwner = path.startsWith(OFFICIAL) ? path.slice(OFFICIAL.length) : path
  const short = (withoutOwner.includes('/') ? path : withoutOwner) + suffixOf(tag, digest)
  // `docker.io/my.org/app` stays whole: without its domain it would name a registry `my.org`.
  const read = parseReference(short)
  return E.isRight(read) && read.right.name === name ? short : name
}

/** The same repository, and exactly this content of it. */
export const atDigest = ({ domain, path, tag }: Reference, digest: Digest): Reference =>
  referenceTo(domain, path, tag, digest)

const referenceTo = (domain: string, path: string, tag: string | null, digest: Digest | null): Reference => {
  const named = tag === null && digest === null ? DEFAULT_TAG : tag
  // Each part was checked above; together they are an `ImageName`.
  const name = `${domain}/${path}${suffixOf(named, digest)}` as ImageName
  return { domain, path, tag: named, digest, name }
}

const suffixOf = (tag: string | null, digest: string | null) =>
  (tag === null ? '' : `:${tag}`) + (digest === null ? '' : `@${digest}`)

/** What is before the first slash is a registry if it could not be an owner: a dot, a port, a capital, `localhost`. */
const splitDomain = (reference: string): readonly [domain: string, rest: string] => {
  const slash = reference.indexOf('/')
  const first = reference.slice(0, slash)
  const isDomain =
    slash >= 0 && (first === 'localhost' || /[.:]/.test(first) || first !== first.toLowerCase())
  const domain = !isDomain || first === LEGACY_DEFAULT_DOMAIN ? DEFAULT_DOMAIN : first
  const rest = isDomain ? reference.slice(slash + 1) : reference
  return [domain, domain === DEFAULT_DOMAIN && !rest.includes('/') ? OFFICIAL + rest : rest]
}

const cut = (text: string, at: number): readonly [string, string | null] =>
  at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)]

const show = (text: string) => JSON.stringify(text)
