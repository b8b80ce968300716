import type { EventLog } from '../../domain/kernel/store.ts'

/** A log in the hands of the program that opened it. */
export type OpenedLog = EventLog &
  AsyncDisposable &
  Readonly<{
    /** Chosen at random when the log was made; what is derived from a log remembers it. */
    id: string
  }>
