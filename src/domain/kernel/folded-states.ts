import * as E from 'fp-ts/lib/Either.js'
import type { EventStore, LoadError, Recorded, Revision, StreamName } from './store.ts'

export type Folded<State> = Readonly<{ state: State; revision: Revision }>

type Fold<State, Event> = Readonly<{ initialState: State; evolve: (state: State, event: Event) => State }>

/**
 * The states of the streams that were asked for last, by stream and revision: at most `capacity` of them, the one
 * longest unused going first. A state that is not here is folded from its stream.
 */
export const foldedStates = <State, Event>(
  store: Pick<EventStore<Event>, 'load'>,
  { initialState, evolve }: Fold<State, Event>,
  capacity = 4096,
) => {
  const kept = new Map<StreamName, Folded<State>>()

  const keep = (stream: StreamName, folded: Folded<State>) => {
    kept.delete(stream)
    kept.set(stream, folded)
    if (kept.size > capacity) {
      const [oldest] = kept.keys()
      if (oldest !== undefined) kept.delete(oldest)
    }
    return folded
  }

  const advance = (stream: StreamName, from: Folded<State>, events: ReadonlyArray<Recorded<Event>>) =>
    keep(stream, {
      state: events.reduce((state, { event }) => evolve(state, event), from.state),
      revision: events.at(-1)?.revision ?? from.revision,
    })

  return {
    get: async (stream: StreamName): Promise<E.Either<LoadError, Folded<State>>> => {
      const known = kept.get(stream)
      if (known !== undefined) return E.right(keep(stream, known))
      const history = await store.load(stream, 0)()
      if (E.isLeft(history)) return history
      const { state } = advance(stream, { state: initialState, revision: 0 }, history.right.events)
      return E.right(keep(stream, { state, revision: history.right.revision }))
    },
    advance,
    forget: (stream: StreamName) => {
      kept.delete(stream)
    },
  }
}
