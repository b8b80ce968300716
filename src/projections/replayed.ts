import type { Position } from '../domain/kernel/store.ts'
import type { Value } from './projection.ts'

/** A table as it is, compared with what the log says that it should be. */
export type TableReplay = Readonly<{
  table: string
  /** How many rows the log says that there should be. */
  rows: number
  /** How many of them are not there, and how many are that should not be; a changed row is both. */
  missing: number
  unexpected: number
  /** The first few of either. */
  examples: ReadonlyArray<Readonly<{ is: 'missing' | 'unexpected'; row: Readonly<Record<string, Value>> }>>
}>

/** A projection, made again from the log, beside the one in use. */
export type ProjectionReplay = Readonly<{
  name: string
  version: number
  /** The position that both were compared at. */
  position: Position
  tables: ReadonlyArray<TableReplay>
  /** Tables that keep no past, and so cannot be compared at an earlier moment. */
  withoutPast: ReadonlyArray<string>
}>

export const isEqual = ({ tables }: ProjectionReplay): boolean =>
  tables.every(({ missing, unexpected }) => missing === 0 && unexpected === 0)
