import type { Image } from '../client/answers.ts'
import { ago, localTime } from './age.ts'
import { nameParts } from './image-name.ts'
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
