import { UsageError } from '../failure.ts'

export type Filters = ReadonlyMap<string, ReadonlyArray<string>>

/** `--filter key=value`, as docker's: values of one key are alternatives, different keys must all hold. */
export const parseFilters = (
  given: ReadonlyArray<string> | undefined,
  known: ReadonlyArray<string>,
): Filters => {
  const filters = new Map<string, ReadonlyArray<string>>()
  for (const filter of given ?? []) {
    const equals = filter.indexOf('=')
    if (equals < 1)
      throw new UsageError(`--filter "${filter}": it is written as KEY=VALUE`, `keys: ${known.join(', ')}`)
    const key = filter.slice(0, equals).trim().toLowerCase()
    if (!known.includes(key))
      throw new UsageError(`--filter: there is no key ${key}`, `keys: ${known.join(', ')}`)
    filters.set(key, [...(filters.get(key) ?? []), filter.slice(equals + 1)])
  }
  return filters
}

/** True where a key was not asked for, or one of its values holds. */
export const allows = (filters: Filters, key: string, holds: (value: string) => boolean): boolean =>
  filters.get(key)?.some(holds) ?? true

/** `key` or `key=value` among labels. */
export const hasLabel = (labels: Readonly<Record<string, string>>, wanted: string): boolean => {
  const equals = wanted.indexOf('=')
  if (equals === -1) return Object.hasOwn(labels, wanted)
  return labels[wanted.slice(0, equals)] === wanted.slice(equals + 1)
}

/** All of them: docker takes several labels together, unlike other keys. */
export const hasLabels = (filters: Filters, labels: Readonly<Record<string, string>>): boolean =>
  filters.get('label')?.every(wanted => hasLabel(labels, wanted)) ?? true
