import assert from 'node:assert/strict'
import { commandOf } from '../../src/domain/processes/operation.ts'
import type { DomainEvent } from '../../src/domain/events/catalogue.ts'
import type { Daemon } from './daemon.ts'

export type EventJson = Readonly<{
  position: number
  id: string
  stream: string
  revision: number
  type: string
  data: Readonly<Record<string, unknown>>
  correlation: string
}>

/** Everything that a daemon's log has after a position. */
export const eventsAfter = async (daemon: Daemon, after: number): Promise<ReadonlyArray<EventJson>> => {
  const events: Array<EventJson> = []
  for (let from: number | null = after; from !== null; ) {
    const { status, body, text } = await daemon.ask('GET', `/v1/events?limit=1000&after=@${from}`)
    assert.equal(status, 200, text)
    const page = body as { items: ReadonlyArray<EventJson>; next: number | null }
    events.push(...page.items)
    from = page.next
  }
  return events
}

/** The operations that people began with these events. */
export const operationsIn = (events: ReadonlyArray<EventJson>): ReadonlyArray<string> => {
  const first = new Map<string, EventJson>()
  for (const event of events) if (!first.has(event.correlation)) first.set(event.correlation, event)
  return [...first]
    .filter(([, { type, data }]) => commandOf({ type, ...data } as DomainEvent) !== null)
    .map(([correlation]) => correlation)
}

/** At most once in the life of what they are about: of a container's run, a process, a pull. */
const onceOnly: Readonly<Record<string, (event: EventJson) => string>> = {
  ContainerCreateRequested: ({ stream }) => `${stream} is asked for`,
  ContainerCreated: ({ stream }) => `${stream} is made or not`,
  ContainerCreateFailed: ({ stream }) => `${stream} is made or not`,
  ContainerStartRequested: ({ stream, data }) => `run ${data['run']} of ${stream} is asked for`,
  ContainerStarted: ({ stream, data }) => `run ${data['run']} of ${stream} begins`,
  ContainerStartFailed: ({ stream, data }) => `run ${data['run']} of ${stream} ends`,
  ContainerExited: ({ stream, data }) => `run ${data['run']} of ${stream} ends`,
  ContainerLost: ({ stream, data }) => `run ${data['run']} of ${stream} ends`,
  ContainerRemoved: ({ stream }) => `${stream} is gone`,
  BundleRemoved: ({ stream }) => `${stream} is gone`,
  ExecStarted: ({ stream }) => `${stream} begins`,
  ExecStartFailed: ({ stream }) => `${stream} ends`,
  ExecExited: ({ stream }) => `${stream} ends`,
  ExecLost: ({ stream }) => `${stream} ends`,
  ManifestResolved: ({ stream }) => `${stream} is resolved`,
  ImagePulled: ({ stream }) => `${stream} ends`,
  ImagePullFailed: ({ stream }) => `${stream} ends`,
}

/** What is wrong with a whole history: gaps, repetitions, a second end. */
export const flawsOf = (events: ReadonlyArray<EventJson>): ReadonlyArray<string> => {
  const flaws: Array<string> = []
  const seen = new Set<string>()
  const facts = new Set<string>()
  const revisions = new Map<string, number>()
  events.forEach(({ id, position, stream, revision }, i) => {
    if (position !== i + 1) flaws.push(`event ${i + 1} is at @${position}`)
    if (seen.has(id)) flaws.push(`event ${id} is there twice`)
    seen.add(id)
    const before = revisions.get(stream) ?? 0
    if (revision !== before + 1) flaws.push(`${stream}: revision ${revision} follows ${before}`)
    revisions.set(stream, revision)
  })
  for (const event of events) {
    const fact = onceOnly[event.type]?.(event)
    if (fact === undefined) continue
    if (facts.has(fact)) flaws.push(`twice: ${fact}`)
    facts.add(fact)
  }
  return flaws
}

/** The names that are reserved at the end of a history, with whom they belong to. */
export const namesIn = (events: ReadonlyArray<EventJson>): ReadonlyMap<string, string> => {
  const names = new Map<string, string>()
  for (const { type, data } of events) {
    if (type === 'ContainerNameReserved') names.set(String(data['name']), String(data['container']))
    if (type === 'ContainerNameReleased') names.delete(String(data['name']))
  }
  return names
}
