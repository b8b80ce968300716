import type { Image } from '../client/answers.ts'
import { ago, localTime } from './age.ts'
import { size } from './size.ts'
import { shortId } from './table.ts'
import { fields } from './template.ts'

export const imageHeaders = {
  ID: 'IMAGE ID',
  Repository: 'REPOSITORY',
  Tag: 'TAG',
  Digest: 'DIGEST',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  Size: 'SIZE',
  Position: 'POSITION',
} as const

/** `localhost:5000/a/b:1@sha256:…` apart; the colon of a port is no tag's. */
export const nameParts = (
  name: string,
): Readonly<{ repository: string; tag: string | null; digest: string | null }> => {
  const at = name.indexOf('@')
  const digest = at === -1 ? null : name.slice(at + 1)
  const rest = at === -1 ? name : name.slice(0, at)
  const colon = rest.lastIndexOf(':')
  const hasTag = colon > rest.lastIndexOf('/')
  return {
    repository: (hasTag ? rest.slice(0, colon) : rest).replace(/^docker\.io\/(?:library\/)?/, ''),
    tag: hasTag ? rest.slice(colon + 1) : null,
    digest,
  }
}

/** An image as docker's templates know it (docker/cli, formatter/image.go). */
export const imageRow = (image: Image, now: Date, isWhole: boolean) => {
  const { repository, tag } = nameParts(image.name)
  return fields({
    ID: isWhole ? image.id : shortId(image.id),
    Repository: repository,
    Tag: tag ?? '<none>',
    Digest: image.index?.digest ?? image.manifest.digest,
    CreatedSince: ago(image.created, now),
    CreatedAt: image.created === null ? 'N/A' : localTime(image.created),
    // What it takes on disk; where that is not known yet, what went over the wire.
    Size: size(image.unpackedSize ?? image.size),
    Containers: 'N/A',
    Position: image.position,
  })
}
