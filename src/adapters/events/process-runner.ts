import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type { DomainEvent } from '../../domain/events/catalogue.ts'
import type { Actor, Context } from '../../domain/kernel/context.ts'
import type { EventStore, Position, Recorded, StreamName } from '../../domain/kernel/store.ts'
import type { Process, Refusal, Request } from '../../domain/processes/index.ts'
import { mayPass } from './reactor.ts'
import type { Report } from './reactor.ts'
import { saveAgain } from './save-again.ts'

/** What a component answered: what it recorded, or, where that was nothing, the fact that settles the request. */
export type Answer = Readonly<{ recorded: number; settled: O.Option<DomainEvent> }>

/** Gives a request to the component it is addressed to. A left with reason `store-unavailable` may be tried again. */
export type Dispatch = (request: Request, context: Context) => Promise<E.Either<Refusal, Answer>>

/** Where a story stands, and in whose name it goes on. */
export type Story<State> = Readonly<{
  state: State
  correlationId: string
  causationId: string
  actor: Actor
}>

export type Stories = Readonly<{
  load: <State>(process: string) => Readonly<{ position: Position; stories: Map<string, Story<State>> }>
  /** Null: the story is over. Position and stories are kept together or not at all. */
  save: <State>(
    process: string,
    position: Position,
    changed: ReadonlyMap<string, Story<State> | null>,
  ) => void
}>

type Dependencies = Readonly<{
  store: Pick<EventStore<DomainEvent>, 'follow'>
  dispatch: Dispatch
  stories: Stories
  report: Report
  signal: AbortSignal
}>

/**
 * Tells a process what happened, and gives what it asks for to the components.
 *
 * What was asked once is not asked again while this process lives; after a restart the stories catch up silently, and
 * then ask for everything that is still outstanding. A component answers a repeated request with nothing, so that
 * there is no outbox and nothing is done twice.
 */
export const runProcess = async <State>(
  process: Process<State>,
  { store, dispatch, stories: memory, report, signal }: Dependencies,
): Promise<void> => {
  const { position: start, stories } = memory.load<State>(process.name)
  const awaited = new Map<StreamName, Set<string>>()
  const asked = new Map<string, Set<string>>()
  const changed = new Map<string, Story<State> | null>()
  let position = start
  let isLive = false

  const expectFrom = (id: string, before: State | null, after: State | null) => {
    for (const stream of before === null ? [] : process.awaits(before)) {
      const waiting = awaited.get(stream)
      waiting?.delete(id)
      if (waiting?.size === 0) awaited.delete(stream)
    }
    for (const stream of after === null ? [] : process.awaits(after))
      awaited.set(stream, (awaited.get(stream) ?? new Set()).add(id))
  }

  const put = (id: string, before: Story<State> | null, story: Story<State>) => {
    const isOver = process.isOver(story.state)
    expectFrom(id, before?.state ?? null, isOver ? null : story.state)
    if (isOver) {
      stories.delete(id)
      asked.delete(id)
    } else stories.set(id, story)
    changed.set(id, isOver ? null : story)
    if (isLive && !isOver) ask(id, story)
  }

  const ask = (id: string, story: Story<State>) => {
    const before = asked.get(id)
    const requests = new Map(process.asks(story.state).map(request => [JSON.stringify(request), request]))
    // Only what is outstanding counts as asked: the same thing may be wanted again later in the story.
    asked.set(id, new Set(requests.keys()))
    for (const [key, request] of requests) {
      if (before?.has(key) === true) continue
      give(id, request, story, 0).catch((error: unknown) => report(process.name, 0, error))
    }
  }

  const give = async (id: string, request: Request, story: Story<State>, attempt: number): Promise<void> => {
    const { correlationId, causationId, actor } = story
    const commandId = `${causationId}/${process.name}`
    const answer = await dispatch(request, { correlationId, causationId, commandId, actor })
    const now = stories.get(id)
    if (now === undefined || signal.aborted) return

    if (E.isLeft(answer)) {
      if (mayPass(answer.left)) {
        report(process.name, attempt, answer.left)
        await new Promise(resolve => setTimeout(resolve, Math.min(30_000, 100 * 2 ** attempt)))
        return signal.aborted ? undefined : give(id, request, story, attempt + 1)
      }
      put(id, now, { ...now, state: process.refused(now.state, request, answer.left) })
    } else if (answer.right.recorded === 0 && O.isSome(answer.right.settled)) {
      const state = process.evolve(now.state, answer.right.settled.value)
      if (state !== now.state) put(id, now, { ...now, state })
    }
  }

  const hear = ({ event, id: eventId, stream, metadata }: Recorded<DomainEvent>) => {
    const named = process.stories(event)
    for (const id of new Set([...named, ...(awaited.get(stream) ?? [])])) {
      const before = stories.get(id) ?? null
      if (before === null && !(process.begins(event) && named.includes(id))) continue
      const state = process.evolve(before?.state ?? process.initialState, event)
      if (state === before?.state) continue
      // An event of the story's own speaks for who wants it now; one that it shares with others does not.
      const teller =
        before === null || named.includes(id)
          ? { correlationId: metadata.$correlationId, actor: metadata.actor }
          : before
      const { correlationId, actor } = teller
      put(id, before, { state, correlationId, causationId: eventId, actor })
    }
  }

  const save = () => {
    memory.save(process.name, position, changed)
    changed.clear()
  }

  for (const [id, { state }] of stories) expectFrom(id, null, state)
  let saved = position

  try {
    using _ = saveAgain(
      () => {
        if (changed.size === 0 && position === saved) return
        save()
        saved = position
      },
      error => report(process.name, 1, error),
    )
    for await (const told of store.follow({ categories: process.categories }, start, signal)) {
      if (told.kind === 'events') for (const recorded of told.events) hear(recorded)
      else if (!isLive) {
        isLive = true
        for (const [id, story] of [...stories]) ask(id, story)
      }
      position = told.position
    }
  } finally {
    save()
  }
}
