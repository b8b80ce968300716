import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as E from 'fp-ts/lib/Either.js'
import { maxAppendSize } from '../../src/adapters/events/envelope.ts'
import { accept } from '../../src/domain/kernel/decider.ts'
import type { Decider } from '../../src/domain/kernel/decider.ts'
import { commandHandler } from '../../src/domain/kernel/handle.ts'
import type { Context } from '../../src/domain/kernel/context.ts'
import type {
  Appended,
  EventLog,
  Filter,
  Position,
  Recorded,
  Revision,
  Stored,
  StreamName,
  Told,
} from '../../src/domain/kernel/store.ts'
import { runs } from '../support/long.ts'

const everything: Filter = { categories: null }
const one: Stored = { type: 'One', n: 1 }
const two: Stored = { type: 'Two', n: 2, text: 'ein schöner Tag ☀', nested: { list: [1, null, 'x'] } }
const three: Stored = { type: 'Three', n: 3 }

const asked = (commandId: string): Context => ({
  correlationId: 'operation-1',
  causationId: 'cause-1',
  commandId,
  actor: { kind: 'unix', uid: 1000, gid: 1000, pid: 4242, user: 'ada' },
})

let commands = 0
const anew = () => asked(`command-${commands++}`)

const right = <A>(either: E.Either<unknown, A>): A => {
  if (E.isLeft(either)) throw new Error(`refused: ${JSON.stringify(either.left)}`)
  return either.right
}

const append = async (
  log: EventLog,
  stream: StreamName,
  expected: Revision,
  events: ReadonlyArray<Stored>,
  context = anew(),
): Promise<Appended<Stored>> => right(await log.append(stream, expected, events, context)())

const numbered = (count: number, from = 1): ReadonlyArray<Stored> =>
  Array.from({ length: count }, (_, i) => ({ type: 'Numbered', n: from + i }))

const numbers = (events: ReadonlyArray<Recorded<Stored>>) => events.map(({ event }) => event['n'])

const ascending = (events: ReadonlyArray<Recorded<Stored>>) =>
  events.every(({ position }, i) => i === 0 || position > (events[i - 1] as Recorded<Stored>).position)

/** Every command adds one to what it has seen. */
const sum: Decider<null, number, Stored, never> = {
  initialState: 0,
  evolve: (_, event) => event['n'] as number,
  decide: (_, n) => accept({ type: 'Added', n: n + 1 }),
}

/** Follows until it has been told `count` events; `each` is given every telling as it comes. */
const told = async (
  log: EventLog,
  filter: Filter,
  after: Position,
  count: number,
  each: (told: Told<Stored>) => unknown = () => {},
): Promise<ReadonlyArray<Recorded<Stored>>> => {
  const events: Array<Recorded<Stored>> = []
  for await (const told of log.follow(filter, after, AbortSignal.timeout(20_000))) {
    await each(told)
    if (told.kind === 'events') events.push(...told.events)
    if (events.length >= count) break
  }
  return events
}

/** What every log must do. Each adapter runs this against itself; passing it is what "supported" means. */
export const eventLogContract = (name: string, open: () => Promise<EventLog & AsyncDisposable>): void =>
  void describe(`${name} is an event log`, () => {
    describe('appending', () => {
      it('has no history for a stream nobody wrote to', async () => {
        await using log = await open()
        assert.deepEqual(await log.load('tale-n/a', 0)(), E.right({ events: [], revision: 0 }))
      })

      it('gives back what it was given, in order', async () => {
        await using log = await open()
        await append(log, 'tale-n/a', 0, [one, two])
        await append(log, 'tale-n/a', 2, [three])
        const { events, revision } = right(await log.load('tale-n/a', 0)())
        assert.deepEqual(
          events.map(({ event, revision }) => ({ event, revision })),
          [
            { event: one, revision: 1 },
            { event: two, revision: 2 },
            { event: three, revision: 3 },
          ],
        )
        assert.equal(revision, 3)
      })

      it('answers an append with the events as they will be read', async () => {
        await using log = await open()
        const appended = await append(log, 'tale-n/a', 0, [one, two])
        const { events } = right(await log.load('tale-n/a', 0)())
        assert.deepEqual(appended.events, events)
        assert.equal(appended.revision, 2)
        assert.equal(appended.position, events[1]?.position)
        assert.equal(log.head(), appended.position)
      })

      it('keeps who asked, why, when and where beside every event', async () => {
        await using log = await open()
        const context = asked('a-command')
        const [recorded] = (await append(log, 'tale-n/a', 0, [one], context)).events
        const { occurredAt, bootId, ...metadata } = (recorded as Recorded<Stored>).metadata
        assert.deepEqual(metadata, {
          $correlationId: 'operation-1',
          $causationId: 'cause-1',
          commandId: 'a-command',
          actor: context.actor,
          node: 'n',
          schema: 1,
        })
        assert.equal(new Date(occurredAt).toISOString(), occurredAt)
        assert.equal(typeof bootId, 'string')
        assert.match(
          recorded?.id ?? '',
          /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        )
        assert.ok(recorded?.recordedAt instanceof Date)
      })

      it('loads what is newer than a revision, and says the newest even when there is nothing', async () => {
        await using log = await open()
        await append(log, 'tale-n/a', 0, [one, two, three])
        const newer = right(await log.load('tale-n/a', 1)())
        assert.deepEqual([numbers(newer.events), newer.revision], [[2, 3], 3])
        assert.deepEqual(await log.load('tale-n/a', 3)(), E.right({ events: [], revision: 3 }))
      })

      it('refuses a decision based on an old reading, and one on a reading of the future', async () => {
        await using log = await open()
        const conflict = E.left({ reason: 'version-conflict', stream: 'tale-n/a' })
        assert.deepEqual(await log.append('tale-n/a', 1, [one], anew())(), conflict)
        await append(log, 'tale-n/a', 0, [one])
        assert.deepEqual(await log.append('tale-n/a', 0, [two], anew())(), conflict)
        assert.deepEqual(await log.append('tale-n/a', 2, [two], anew())(), conflict)
        assert.equal(right(await log.load('tale-n/a', 0)()).revision, 1)
      })

      it('E11 writes all events of an append or none: one that is too large takes the others with it', async () => {
        await using log = await open()
        await append(log, 'tale-n/a', 0, [one])
        const head = log.head()
        const tooLarge = { type: 'TooLarge', text: 'x'.repeat(1_100_000) }
        const refused = await log.append('tale-n/a', 1, [two, tooLarge], anew())()
        assert.equal(E.isLeft(refused) && refused.left.reason, 'store-unavailable')
        assert.ok(E.isLeft(await log.append('tale-n/a', 0, [two, three], anew())()))
        assert.equal(log.head(), head)
        assert.deepEqual(numbers(right(await log.load('tale-n/a', 0)()).events), [1])
      })

      it('writes nothing for no events, and says where the stream stands', async () => {
        await using log = await open()
        await append(log, 'tale-n/a', 0, [one])
        const nothing = await append(log, 'tale-n/a', 1, [])
        assert.deepEqual([nothing.revision, nothing.events], [1, []])
        assert.ok(E.isLeft(await log.append('tale-n/a', 0, [], anew())()))
      })

      it('E12 answers a repeated append, the same ids twice, as the first time, and writes nothing', async () => {
        await using log = await open()
        const first = await append(log, 'tale-n/a', 0, [one, two], asked('same'))
        await append(log, 'tale-n/a', 2, [three])
        await append(log, 'tale-n/b', 0, [three])
        const again = await append(log, 'tale-n/a', 0, [one, two], asked('same'))
        assert.deepEqual(again, first)
        assert.equal(right(await log.load('tale-n/a', 0)()).revision, 3)
      })

      it('does not take another command, or more events of the same one, for a repetition', async () => {
        await using log = await open()
        await append(log, 'tale-n/a', 0, [one], asked('same'))
        for (const [events, context] of [
          [[one], asked('other')],
          [[one, two], asked('same')],
        ] as const) {
          const outcome = await log.append('tale-n/a', 0, events, context)()
          assert.equal(E.isLeft(outcome) && outcome.left.reason, 'version-conflict')
        }
      })

      it('judges appends of one moment one by one, in the order they were asked for', async () => {
        await using log = await open()
        const outcomes = await Promise.all([
          log.append('tale-n/a', 0, [one], asked('x'))(),
          log.append('tale-n/a', 0, [two], asked('y'))(),
          log.append('tale-n/b', 0, [two], asked('y'))(),
          log.append('tale-n/a', 0, [one], asked('x'))(),
          log.append('tale-n/a', 1, [three], asked('z'))(),
        ])
        assert.deepEqual(outcomes.map(E.isRight), [true, false, true, true, true])
        assert.deepEqual(numbers(right(await log.load('tale-n/a', 0)()).events), [1, 3])
      })

      it('E10 loses none of 1,000 racing appends to one stream', async () => {
        await using log = await open()
        const each = runs(50, 500)
        const race = async (racer: number) => {
          let revision = 0
          for (let done = 0; done < each; ) {
            const outcome = await log.append('tale-n/a', revision, numbered(1, racer * each + done), anew())()
            if (E.isRight(outcome)) done++
            else assert.equal(outcome.left.reason, 'version-conflict')
            revision = right(await log.load('tale-n/a', revision)()).revision
          }
        }
        await Promise.all(Array.from({ length: 20 }, (_, racer) => race(racer)))
        const { events, revision } = right(await log.load('tale-n/a', 0)())
        assert.equal(revision, 20 * each)
        assert.deepEqual(
          events.map(({ revision }) => revision),
          events.map((_, i) => i + 1),
        )
        assert.equal(new Set(numbers(events)).size, 20 * each)
        assert.ok(ascending(events))
      })

      it('E10 lets one of two win, 1,000 times, and tells the other at once', async () => {
        await using log = await open()
        const races = runs(1_000, 10_000)
        for (let revision = 0; revision < races; revision++) {
          const outcomes = await Promise.all(
            ['x', 'y'].map(who =>
              log.append('tale-n/a', revision, numbered(1, revision), asked(`${who}${revision}`))(),
            ),
          )
          const lost = outcomes.filter(E.isLeft).map(({ left }) => left.reason)
          assert.deepEqual(lost, ['version-conflict'], `race ${revision}`)
        }
        const { events, revision } = right(await log.load('tale-n/a', 0)())
        assert.equal(revision, races)
        assert.deepEqual(
          numbers(events),
          events.map((_, i) => i),
        )
      })

      it('E10 decides again after a conflict, a bounded number of times', async () => {
        await using log = await open()
        let appends = 0
        const counted: EventLog = {
          ...log,
          append: (...args) => {
            appends++
            return log.append(...args)
          },
        }
        // Handlers that know nothing of each other, as daemons on one log: the tenth of a sum each may not be lost.
        const handlers = Array.from({ length: 10 }, () => commandHandler(counted, sum))
        const outcomes = (
          await Promise.all(
            handlers.map(async ({ handle }) => {
              const handled: Array<E.Either<{ readonly reason: string }, unknown>> = []
              for (let n = 0; n < 100; n++) handled.push(await handle('tale-n/sum', null, anew())())
              return handled
            }),
          )
        ).flat()
        const refused = outcomes.filter(E.isLeft).map(({ left }) => left.reason)
        assert.deepEqual(
          [...new Set(refused)].filter(reason => reason !== 'version-conflict'),
          [],
        )
        assert.ok(appends <= 5 * outcomes.length, `${appends} appends for ${outcomes.length} commands`)
        const { events } = right(await log.load('tale-n/sum', 0)())
        assert.equal(events.length, outcomes.length - refused.length)
        assert.deepEqual(
          numbers(events),
          events.map((_, i) => i + 1),
        )
      })

      it('E11 refuses an event that is too large, whatever its size, and takes one that just fits', async () => {
        await using log = await open()
        const event = (size: number) => {
          const text = 'x'.repeat(size - JSON.stringify({ type: 'Large', text: '' }).length)
          return { type: 'Large', text }
        }
        await append(log, 'tale-n/a', 0, [event(maxAppendSize)])
        const head = log.head()
        for (const size of [maxAppendSize + 1, 100 * 2 ** 20]) {
          const refused = await log.append('tale-n/a', 1, [event(size)], anew())()
          assert.ok(E.isLeft(refused) && refused.left.reason === 'store-unavailable', `${size}`)
          assert.match(refused.left.cause, new RegExp(`tale-n/a: an append of ${size} bytes is larger than`))
        }
        // Bytes count, not characters; and all events of an append together.
        const wide = { type: 'Wide', text: 'ü'.repeat(maxAppendSize / 2) }
        assert.ok(E.isLeft(await log.append('tale-n/a', 1, [wide], anew())()))
        assert.ok(E.isLeft(await log.append('tale-n/a', 1, Array(3).fill(event(400_000)), anew())()))
        assert.equal(log.head(), head)
        await append(log, 'tale-n/a', 1, [one])
      })

      it('E12 knows the same ids again however often, and from however many at once', async () => {
        await using log = await open()
        const outcomes = await Promise.all(
          Array.from({ length: 50 }, () => log.append('tale-n/a', 0, [one, two], asked('same'))()),
        )
        const [first] = outcomes
        for (const outcome of outcomes) assert.deepEqual(outcome, first)
        assert.ok(first !== undefined && E.isRight(first))
        assert.equal(right(await log.load('tale-n/a', 0)()).revision, 2)
        const followed = await told(log, everything, 0, 2)
        assert.deepEqual(
          followed.map(({ id }) => id),
          first.right.events.map(({ id }) => id),
        )
      })
    })

    describe('reading all', () => {
      const filled = async () => {
        const log = await open()
        for (let n = 1; n <= 10; n++)
          await append(
            log,
            n % 2 === 1 ? `odd-n/${n}` : n % 4 === 0 ? `four-n/${n}` : `even-n/${n}`,
            0,
            numbered(1, n),
          )
        return log
      }
      const end = Number.MAX_SAFE_INTEGER

      it('goes both ways, a page at a time, exclusive of where it starts', async () => {
        await using log = await filled()
        const page = async (from: Position, direction: 'forwards' | 'backwards', limit: number) =>
          right(await log.read({ from, direction, limit, categories: null })())

        const first = await page(0, 'forwards', 4)
        assert.deepEqual(numbers(first), [1, 2, 3, 4])
        assert.deepEqual(numbers(await page(first[3]?.position ?? 0, 'forwards', 100)), [5, 6, 7, 8, 9, 10])
        const last = await page(end, 'backwards', 3)
        assert.deepEqual(numbers(last), [10, 9, 8])
        assert.deepEqual(numbers(await page(last[2]?.position ?? 0, 'backwards', 2)), [7, 6])
        assert.deepEqual(await page(log.head(), 'forwards', 10), [])
        assert.deepEqual(await page(0, 'backwards', 10), [])
      })

      it('can be limited to categories', async () => {
        await using log = await filled()
        const read = async (
          direction: 'forwards' | 'backwards',
          limit: number,
          ...categories: Array<string>
        ) =>
          numbers(
            right(
              await log.read({ from: direction === 'forwards' ? 0 : end, direction, limit, categories })(),
            ),
          )
        assert.deepEqual(await read('forwards', 10, 'odd'), [1, 3, 5, 7, 9])
        assert.deepEqual(await read('forwards', 4, 'even', 'four', 'none'), [2, 4, 6, 8])
        assert.deepEqual(await read('backwards', 3, 'four', 'odd', 'odd'), [9, 8, 7])
        assert.deepEqual(await read('forwards', 10, 'od'), [])
        assert.deepEqual(await read('forwards', 10), [])
      })
    })

    describe('following', () => {
      it('tells what was and what is to come, in order, and once that it has caught up', async () => {
        await using log = await open()
        await append(log, 'tale-n/a', 0, [one, two])
        const kinds: Array<string> = []
        const events = await told(log, everything, 0, 3, async ({ kind }) => {
          kinds.push(kind)
          if (kind === 'caught-up') await append(log, 'tale-n/b', 0, [three])
        })
        assert.deepEqual(numbers(events), [1, 2, 3])
        assert.deepEqual(kinds, ['events', 'caught-up', 'events'])
      })

      it('tells live events as they were appended', async () => {
        await using log = await open()
        let appended: Appended<Stored> | undefined
        const events = await told(log, everything, 0, 2, async ({ kind }) => {
          if (kind === 'caught-up') appended = await append(log, 'tale-n/a', 0, [one, two])
        })
        assert.deepEqual(events, appended?.events)
      })

      it('says that it has caught up where there is nothing to tell', async () => {
        await using log = await open()
        await append(log, 'tale-n/a', 0, [one])
        for (const [filter, after] of [
          [{ categories: ['other'] }, 0],
          [everything, log.head()],
        ] as const)
          for await (const first of log.follow(filter, after, AbortSignal.timeout(5_000))) {
            assert.deepEqual(first, { kind: 'caught-up', position: log.head() })
            break
          }
      })

      it('lets a follower resume where it stopped', async () => {
        await using log = await open()
        await append(log, 'tale-n/a', 0, numbered(10))
        const [first] = await told(log, everything, 0, 1)
        const rest = await told(log, everything, first?.position ?? 0, 9)
        assert.deepEqual(numbers(rest), [2, 3, 4, 5, 6, 7, 8, 9, 10])
      })

      it('tells only the categories asked for, past and future', async () => {
        await using log = await open()
        await append(log, 'tale-n/a', 0, [one])
        await append(log, 'other-n/a', 0, [one])
        await append(log, 'third-n/a', 0, [two])
        const events = await told(log, { categories: ['tale', 'third'] }, 0, 3, async ({ kind }) => {
          if (kind !== 'caught-up') return
          await append(log, 'other-n/a', 1, [two])
          await append(log, 'tale-n/a', 1, [three])
        })
        assert.deepEqual(numbers(events), [1, 2, 3])
      })

      it('gives each event exactly once to those who start anywhere while others write', async () => {
        await using log = await open()
        await append(log, 'tale-n/before', 0, numbered(1_500))
        const start = log.head()
        const write = async (writer: number) => {
          for (let n = 0; n < 40; n++)
            await append(log, `tale-n/${writer}`, n * 2, numbered(2, writer * 100 + n * 2))
        }
        const writing = Promise.all([1, 2, 3, 4].map(write))
        const followers = Array.from({ length: 6 }, async (_, i) => {
          while (i > 0 && log.head() < start + i * 20) await new Promise(resolve => setImmediate(resolve))
          return told(log, everything, 0, 1_820)
        })
        await writing
        const whole = right(
          await log.read({ from: 0, direction: 'forwards', limit: 5_000, categories: null })(),
        )
        assert.equal(whole.length, 1_820)
        for (const events of await Promise.all(followers)) assert.deepEqual(events, whole)
      })

      it('gives a slow follower everything, and lets nobody wait for it', async () => {
        await using log = await open()
        let pauses = 0
        const slow = told(log, everything, 0, 20_000, async ({ kind }) => {
          if (kind === 'events' && pauses++ < 20) await new Promise(resolve => setTimeout(resolve, 10))
        })
        for (let n = 0; n < 20; n++) await append(log, 'tale-n/a', n * 1_000, numbered(1_000, n * 1_000))
        const events = await slow
        assert.equal(events.length, 20_000)
        assert.ok(events.every(({ event, revision }, i) => event['n'] === i && revision === i + 1))
        assert.ok(ascending(events))
      })

      it('ends when the signal fires, waiting or not', async () => {
        await using log = await open()
        await append(log, 'tale-n/a', 0, numbered(3))
        const kinds: Array<string> = []
        const stop = new AbortController()
        for await (const { kind } of log.follow(everything, 0, stop.signal)) {
          kinds.push(kind)
          if (kind === 'caught-up') setTimeout(() => stop.abort(), 5)
        }
        assert.deepEqual(kinds, ['events', 'caught-up'])
        for await (const _ of log.follow(everything, 0, AbortSignal.abort()))
          assert.fail('told after the end')
      })
    })
  })
