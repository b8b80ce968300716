import * as t from 'io-ts'

/**
 * Who asked. `unix`: the peer of the socket, by its credentials (SO_PEERCRED), which nobody can choose for
 * themselves. `system`: the engine on its own behalf, with the policy it followed.
 */
export const Actor = t.union(
  [
    t.strict({
      kind: t.literal('unix'),
      uid: t.number,
      gid: t.number,
      pid: t.number,
      user: t.union([t.string, t.null]),
    }),
    t.strict({ kind: t.literal('system'), policy: t.string }),
  ],
  'Actor',
)
export type Actor = t.TypeOf<typeof Actor>

/**
 * Where a command comes from. It travels as one value from the face to the log, so that no part of it can be
 * forgotten on the way.
 */
export type Context = Readonly<{
  /** The whole operation; also its id at `/v1/operations/{id}`. */
  correlationId: string
  /** The event that led to this command; null where a person did. */
  causationId: string | null
  /** The same for every repetition of one command: event ids derive from it, so a repeated append is recognised. */
  commandId: string
  actor: Actor
}>
