import type { DomainEventOf, EventType } from '../domain/events/catalogue.ts'
import type { Recorded } from '../domain/kernel/store.ts'

export type Value = string | number | null

/** What a query may do. */
export type Reader = Readonly<{
  all: (sql: string, ...values: ReadonlyArray<Value>) => ReadonlyArray<Record<string, Value>>
  get: (sql: string, ...values: ReadonlyArray<Value>) => Record<string, Value> | undefined
}>

/** What a rule of a projection may do besides. */
export type Writer = Reader & Readonly<{ run: (sql: string, ...values: ReadonlyArray<Value>) => void }>

/**
 * SQL that selects, from a table of that name, what it was when the log stood at position `?1`, as far as it does not
 * follow from the rest. Null: the table keeps no past.
 */
export type Past = ((table: string) => string) | null

/**
 * A read model: tables, and how each event changes them. Rows and checkpoint move in one transaction. A change of
 * shape or rule raises `version`, and the tables are made anew from the first event; there are no migrations.
 */
export type Projection = Readonly<{
  name: string
  version: number
  /** Null: every event. */
  categories: ReadonlyArray<string> | null
  /** Its tables, and how to see each as it was. */
  tables: Readonly<Record<string, Past>>
  /** DDL of its tables and indexes. */
  schema: string
  when: { readonly [T in EventType]?: (db: Writer, recorded: Recorded<DomainEventOf<T>>) => void }
  /** For every event, after its own rule. */
  always?: (db: Writer, recorded: Recorded<Readonly<{ type: string }>>) => void
}>
