/** Executor: the OCI runtime, and the processes started in running containers. */
export { Event } from './events.ts'
export type { EventOf } from './events.ts'
export { decider, owed, settled, watched } from './decider.ts'
export type { Ask, Command, Outcome, Rejection, State, Work } from './decider.ts'
export type * from './port.ts'

export const category = 'exec'
