import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import { accept, nothing } from '../kernel/decider.ts'
import type { Decider, Decision } from '../kernel/decider.ts'
import { ContainerId, ContainerName, Namespace } from '../kernel/identifiers.ts'

// A name belongs to one container at a time. These shapes are stored for ever; add events, never edit one.

const ContainerNameReserved = t.strict({
  type: t.literal('ContainerNameReserved'),
  namespace: Namespace,
  name: ContainerName,
  container: ContainerId,
})

const ContainerNameReleased = t.strict({
  type: t.literal('ContainerNameReleased'),
  namespace: Namespace,
  name: ContainerName,
  container: ContainerId,
})

export const Event = t.union([ContainerNameReserved, ContainerNameReleased], 'ContainerNameEvent')
export type Event = t.TypeOf<typeof Event>

export type Command = Readonly<{
  type: 'ReserveContainerName' | 'ReleaseContainerName'
  namespace: Namespace
  name: ContainerName
  container: ContainerId
}>

/** The last that happened to the name: a reservation stands until it is released. */
export type State = Readonly<{ last: Event | null }>

const initialState: State = { last: null }

const evolve = (_: State, event: Event): State => ({ last: event })

/**
 * Reserving a name that another container holds records nothing and is not refused either: the asker is told the
 * fact that settles it, which is that the other one holds the name (`settled`).
 */
const decide = ({ type, ...claim }: Command, { last }: State): Decision<Event, never> => {
  switch (type) {
    case 'ReserveContainerName':
      return last?.type === 'ContainerNameReserved'
        ? nothing
        : accept({ type: 'ContainerNameReserved', ...claim })
    case 'ReleaseContainerName':
      return last === null || (last.type === 'ContainerNameReserved' && last.container === claim.container)
        ? accept({ type: 'ContainerNameReleased', ...claim })
        : nothing
  }
}

export const decider: Decider<Command, State, Event, never> = { initialState, evolve, decide }

export const settled = ({ last }: State): O.Option<Event> => O.fromNullable(last)
