import type { Actor } from '../client/answers.ts'

/** Who, in few words. */
export const person = (actor: Actor | null | undefined): string => {
  if (actor == null) return 'nobody known'
  if (actor.kind === 'system') return `shiplog itself (${actor.policy})`
  return actor.user ?? `uid ${actor.uid}`
}

/** Who, exactly. */
export const personInFull = (actor: Actor): string =>
  actor.kind === 'system'
    ? `shiplog itself (${actor.policy})`
    : `${actor.user ?? `uid ${actor.uid}`} (uid ${actor.uid}, gid ${actor.gid}, pid ${actor.pid})`
