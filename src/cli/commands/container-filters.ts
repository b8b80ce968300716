import type { Actor, Container } from '../client/answers.ts'
import { UsageError } from '../failure.ts'
import { familiar } from '../output/image-name.ts'
import { allows, hasLabels } from '../output/filters.ts'
import type { Filters } from '../output/filters.ts'

/** Docker's, and `actor`, which is ours. */
export const containerFilterKeys = [
  'id',
  'name',
  'label',
  'status',
  'exited',
  'ancestor',
  'before',
  'since',
  'network',
  'volume',
  'actor',
] as const

const statuses = [
  'creating',
  'created',
  'starting',
  'running',
  'paused',
  'exited',
  'lost',
  'start-failed',
  'create-failed',
  'removing',
  'removed',
]

export const selectContainers = (
  containers: ReadonlyArray<Container>,
  filters: Filters,
): ReadonlyArray<Container> => {
  for (const status of filters.get('status') ?? [])
    if (!statuses.includes(status))
      throw new UsageError(`--filter: there is no status ${status}`, statuses.join(', '))
  const before = bound(containers, filters, 'before')
  const since = bound(containers, filters, 'since')
  return containers.filter(
    container =>
      matches(container, filters) &&
      (before === null || container.createdAt < before) &&
      (since === null || container.createdAt > since),
  )
}

const matches = (container: Container, filters: Filters): boolean => {
  const { id, name, image, status, exit, options, labels, actor } = container
  const binds = (options['binds'] ?? []) as ReadonlyArray<Readonly<{ source: string; target: string }>>
  return (
    allows(filters, 'id', value => id.startsWith(value)) &&
    allows(filters, 'name', value => nameMatches(name, value)) &&
    allows(filters, 'status', value => status === value) &&
    allows(filters, 'exited', value => status === 'exited' && String(exit?.exitCode) === value) &&
    allows(filters, 'ancestor', value => isOf(image, value)) &&
    allows(filters, 'network', value => options['network'] === value) &&
    allows(filters, 'volume', value =>
      binds.some(({ source, target }) => source === value || target === value),
    ) &&
    allows(filters, 'actor', value => isBy(actor, value)) &&
    hasLabels(filters, labels)
  )
}

/** A part of the name, or a regular expression, as docker takes it. */
const nameMatches = (name: string, pattern: string): boolean => {
  try {
    return new RegExp(pattern.replace(/^(\^?)\//, '$1')).test(name)
  } catch {
    return name.includes(pattern)
  }
}

const isOf = ({ name, config, manifest }: Container['image'], wanted: string): boolean =>
  name === wanted ||
  familiar(name) === familiar(wanted) ||
  [config, manifest].some(
    digest => digest === wanted || (wanted.length >= 4 && digest.replace('sha256:', '').startsWith(wanted)),
  )

/** A user's name, a uid, or `system`. */
export const isBy = (actor: Actor | null | undefined, wanted: string): boolean => {
  if (actor == null) return false
  if (actor.kind === 'system') return wanted === 'system' || wanted === actor.policy
  return actor.user === wanted || String(actor.uid) === wanted || `uid ${actor.uid}` === wanted
}

/** When the container that bounds the list was made. */
const bound = (
  containers: ReadonlyArray<Container>,
  filters: Filters,
  key: 'before' | 'since',
): string | null => {
  const wanted = filters.get(key)?.[0]
  if (wanted === undefined) return null
  const found = containers.find(({ id, name }) => name === wanted || id.startsWith(wanted))
  if (found === undefined)
    throw new UsageError(`--filter ${key}: there is no container ${wanted} in the list`, 'shiplog ps -a')
  return found.createdAt
}
