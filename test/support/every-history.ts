import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { fold } from '../../src/domain/kernel/decider.ts'
import type { Decider } from '../../src/domain/kernel/decider.ts'

type Case<Command, State, Event, Rejection> = Readonly<{
  Event: t.Type<Event, unknown>
  decider: Decider<Command, State, Event, Rejection>
  /** Commands that may come in any order, any number of times. */
  commands: ReadonlyArray<Command>
  /** Work is owed exactly after these events, where the component has such a rule. */
  owes?: Readonly<{ of: (state: State) => boolean; after: (last: Event | undefined) => boolean }>
}>

/** What must hold of every decider, over histories that its own decisions made. */
export const everyHistory = <Command, State, Event, Rejection>({
  Event,
  decider,
  commands,
  owes,
}: Case<Command, State, Event, Rejection>) => {
  const history = fc.array(fc.constantFrom(...commands), { maxLength: 25 }).map(asked => {
    const events: Array<Event> = []
    for (const command of asked) {
      const decision = decider.decide(command, fold(decider)(events))
      if (E.isRight(decision)) events.push(...decision.right)
    }
    return events
  })

  it('is unmoved by a command it has just obeyed', () =>
    fc.assert(
      fc.property(history, fc.constantFrom(...commands), (past, command) => {
        const first = decider.decide(command, fold(decider)(past))
        if (E.isLeft(first) || first.right.length === 0) return
        const again = decider.decide(command, fold(decider)([...past, ...first.right]))
        assert.ok(E.isLeft(again) || again.right.length === 0, JSON.stringify(again))
      }),
    ))

  it('writes events that survive storage', () =>
    fc.assert(
      fc.property(history, past => {
        for (const event of past)
          assert.deepEqual(Event.decode(JSON.parse(JSON.stringify(Event.encode(event)))), E.right(event))
      }),
    ))

  if (owes === undefined) return
  it('owes work exactly while a request is unanswered', () =>
    fc.assert(
      fc.property(history, past => {
        assert.equal(owes.of(fold(decider)(past)), owes.after(past.at(-1)))
      }),
    ))
}
