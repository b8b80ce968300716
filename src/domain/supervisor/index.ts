/** Supervisor: monitors containers and reports their state. */
export type * from './port.ts'
