/** Runtime: containers, from the asking to the end. */
export { ContainerImage, Event } from './events.ts'
export type { EventOf } from './events.ts'
export { decider, settled } from './decider.ts'
export { owed, watched } from './owed.ts'
export type { Work } from './owed.ts'
export type { Ask, Command, Outcome, Rejection } from './commands.ts'
export type { End, Phase, State } from './state.ts'

export const category = 'container'
