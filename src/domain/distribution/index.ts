/** Distribution: images from registries. */
export { Event } from './events.ts'
export type { EventOf } from './events.ts'
export { decider, owed, settled } from './decider.ts'
export type { Ask, Command, Outcome, Rejection, State, Work } from './decider.ts'
export type * from './port.ts'

export const category = 'pull'
