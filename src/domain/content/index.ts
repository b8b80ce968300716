/** Content: all immutable content, keyed by its digest. */
export { Event, Source } from './events.ts'
export type { EventOf } from './events.ts'
export { decider, owed, settled } from './decider.ts'
export type { Command, Outcome, Rejection, State, Work } from './decider.ts'
export type * from './port.ts'

export const category = 'content'
