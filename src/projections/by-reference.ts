/** What a name, an id or the beginning of an id led to. */
export type ByReference<A> =
  | Readonly<{ kind: 'found'; found: A }>
  | Readonly<{ kind: 'ambiguous'; candidates: ReadonlyArray<string> }>
  | Readonly<{ kind: 'none' }>
