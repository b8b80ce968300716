import * as t from 'io-ts'

/** A mount as mount(2) takes it, and as containerd's snapshotters describe one. */
export const Mount = t.strict(
  { type: t.string, source: t.string, options: t.readonlyArray(t.string) },
  'Mount',
)
export type Mount = t.TypeOf<typeof Mount>
