import type { Container, Image, RecordedEvent } from '../client/answers.ts'
import { namePath, segment } from '../client/daemon.ts'
import type { Daemon, Query } from '../client/daemon.ts'
import { Refused } from '../failure.ts'
import { allows } from '../output/filters.ts'
import type { Filters } from '../output/filters.ts'
import { isBy } from './container-filters.ts'

export type EventQuery = Readonly<{
  /** What the daemon is asked to select by. */
  query: Query
  /** What is selected here: keys with several values. */
  matches: (event: RecordedEvent) => boolean
  /** All of it, for what did not come from a query. */
  selects: (event: RecordedEvent) => boolean
}>

const asked = ['type', 'category', 'subject', 'actor', 'correlation'] as const

/** Filters as far as the daemon can apply them; names become the ids that events have. */
export const eventQuery = async (daemon: Daemon, given: Filters): Promise<EventQuery> => {
  const filters = await withIds(daemon, given)
  const query: Record<string, string> = {}
  for (const key of asked) {
    const [value, ...more] = filters.get(key) ?? []
    if (value !== undefined && more.length === 0) query[key] = value
    // Of these the daemon knows which there are, and says so.
    else if (value !== undefined && (key === 'type' || key === 'category'))
      query[key] = [value, ...more].join(',')
  }
  const severals: Filters = new Map([...filters].filter(([key]) => query[key] === undefined))
  return {
    query,
    matches: event => matchesAll(event, severals),
    selects: event => matchesAll(event, filters),
  }
}

const matchesAll = (event: RecordedEvent, filters: Filters): boolean =>
  allows(filters, 'type', value => event.type === value) &&
  allows(filters, 'category', value => event.stream.startsWith(`${value}-`)) &&
  allows(filters, 'subject', value => isAbout(event, value)) &&
  allows(filters, 'actor', value => isBy(event.actor, value)) &&
  allows(filters, 'correlation', value => event.correlation === value) &&
  allows(filters, 'stream', value => event.stream === value)

/** As the daemon has it: a stream's name, its end, or the beginning of that. */
const isAbout = ({ stream }: RecordedEvent, subject: string): boolean => {
  const id = stream.slice(stream.indexOf('/') + 1)
  const withoutNamespace = id.slice(id.indexOf('/') + 1)
  return stream === subject || id === subject || withoutNamespace.startsWith(subject)
}

/** `container=web` and `image=alpine` are subjects under the names people give them. */
const withIds = async (daemon: Daemon, filters: Filters): Promise<Filters> => {
  const containers = (filters.get('container') ?? []).map(name =>
    daemon.get<Container>(`/v1/containers/${segment(name)}`).then(({ id }) => id),
  )
  const images = (filters.get('image') ?? []).map(name =>
    daemon.get<Image>(`/v1/images/${namePath(name)}`).then(
      image => image.name,
      (error: unknown) => {
        // One that is not there any more is known to its history by what it was called.
        if (error instanceof Refused && error.problem.status === 404) return name
        throw error
      },
    ),
  )
  const subjects = [...(filters.get('subject') ?? []), ...(await Promise.all([...containers, ...images]))]
  return subjects.length === 0 ? filters : new Map([...filters, ['subject', subjects]])
}
