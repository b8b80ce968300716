import type { Image } from '../client/answers.ts'
import { UsageError } from '../failure.ts'
import { allows, hasLabels } from '../output/filters.ts'
import type { Filters } from '../output/filters.ts'
import { nameParts } from '../output/image-name.ts'

/** Docker's. `dangling=true` matches nothing here: an image is there by its name. */
export const imageFilterKeys = ['reference', 'label', 'before', 'since', 'dangling'] as const

export const selectImages = (images: ReadonlyArray<Image>, filters: Filters): ReadonlyArray<Image> => {
  const before = bound(images, filters, 'before')
  const since = bound(images, filters, 'since')
  return images.filter(
    image =>
      allows(filters, 'reference', pattern => globMatches(image, pattern)) &&
      allows(filters, 'dangling', value => value === 'false' || value === '0') &&
      hasLabels(filters, (image.image['labels'] ?? {}) as Readonly<Record<string, string>>) &&
      (before === null || (image.created ?? '') < before) &&
      (since === null || (image.created ?? '') > since),
  )
}

/** `alpine` is every tag of it, `alpine:3.20` that one; registries may be left out as when pulling. */
export const isNamed = ({ name }: Image, wanted: string): boolean => {
  const own = nameParts(name)
  const asked = nameParts(wanted)
  return own.repository === asked.repository && (asked.tag === null || own.tag === asked.tag)
}

/** docker's `reference=`: a glob of the name, with or without the tag. */
const globMatches = ({ name }: Image, pattern: string): boolean => {
  const { repository, tag } = nameParts(name)
  const glob = new RegExp(
    `^${pattern
      .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '[^/]*')
      .replaceAll('?', '[^/]')}$`,
  )
  return [repository, `${repository}:${tag}`, name].some(text => glob.test(text))
}

const bound = (images: ReadonlyArray<Image>, filters: Filters, key: 'before' | 'since'): string | null => {
  const wanted = filters.get(key)?.[0]
  if (wanted === undefined) return null
  const found = images.find(
    image => isNamed(image, wanted) || image.id.replace('sha256:', '').startsWith(wanted),
  )
  if (found === undefined)
    throw new UsageError(`--filter ${key}: there is no image ${wanted}`, 'shiplog images')
  return found.created ?? ''
}
