import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import { accept, nothing, reject } from '../kernel/decider.ts'
import type { Decider, Decision } from '../kernel/decider.ts'

// A node's own history: who claimed its name, and when its engine ran. Stored for ever; add events, never edit one.

/** The node's name belongs to the daemon whose root directory carries this random id. */
const NodeClaimed = t.strict({ type: t.literal('NodeClaimed'), root: t.string })

/** `bootId`: /proc/sys/kernel/random/boot_id, so that a host that went down in between can be told. */
const EngineStarted = t.strict({
  type: t.literal('EngineStarted'),
  version: t.string,
  bootId: t.string,
  pid: t.number,
})

/** The daemon ended in good order; containers go on. */
const EngineStopped = t.strict({ type: t.literal('EngineStopped') })

export const Event = t.union([NodeClaimed, EngineStarted, EngineStopped], 'NodeEvent')
export type Event = t.TypeOf<typeof Event>

export type Command =
  | Readonly<{ type: 'StartEngine'; root: string; version: string; bootId: string; pid: number }>
  | Readonly<{ type: 'StopEngine' }>

export type Rejection = Readonly<{ reason: 'node-name-taken'; root: string }>

export type State = Readonly<{ root: string | null; running: boolean }>

const initialState: State = { root: null, running: false }

const evolve = (state: State, event: Event): State => {
  switch (event.type) {
    case 'NodeClaimed':
      return { ...state, root: event.root }
    case 'EngineStarted':
      return { ...state, running: true }
    case 'EngineStopped':
      return { ...state, running: false }
  }
}

const decide = (command: Command, state: State): Decision<Event, Rejection> => {
  switch (command.type) {
    case 'StartEngine': {
      const { root, version, bootId, pid } = command
      const started: Event = { type: 'EngineStarted', version, bootId, pid }
      if (state.root === null) return accept<Event>({ type: 'NodeClaimed', root }, started)
      return state.root === root ? accept(started) : reject({ reason: 'node-name-taken', root: state.root })
    }
    case 'StopEngine':
      return state.running ? accept({ type: 'EngineStopped' }) : nothing
  }
}

export const decider: Decider<Command, State, Event, Rejection> = { initialState, evolve, decide }

export const settled = (): O.Option<Event> => O.none
