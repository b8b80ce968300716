/** Supervisor: monitors containers and reports their state. */
export type * from './port.ts'
export { verdict } from './verdict.ts'
export type { Observed } from './verdict.ts'
