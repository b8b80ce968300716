/**
 * What an adapter says when an effect did not work. `refused` is final: the same again would fail the same way.
 * `unavailable` may pass (no space, no answer): the work is tried again, and given up with `problem` at last.
 * `problem` is one kebab-case word a program may decide on, `cause` a sentence for people.
 */
export type EffectFailure = Readonly<{ reason: 'refused' | 'unavailable'; problem: string; cause: string }>

/** Tells a failure that somebody threw on purpose from whatever else may be thrown. */
export const isEffectFailure = (error: unknown): error is EffectFailure =>
  typeof error === 'object' && error !== null && 'reason' in error && 'problem' in error && 'cause' in error
