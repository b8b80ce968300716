import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AllStreamRecordedEvent } from '@eventstore/db-client'
import type { Position, Recorded, Stored, Told } from '../../domain/kernel/store.ts'
import { meaningOf, toPosition, toRecorded } from './eventstoredb-mapping.ts'
import { Unreadable } from './unreadable.ts'

/** What is used of the client's subscriptions: a stream of resolved events that also emits `caughtUp`. */
export type Subscription = Readable & { unsubscribe: () => Promise<void> }

export type Subscribe = (
  after: Position,
  checkpointReached: (position: Readonly<{ commit: bigint }>) => void,
) => Subscription

/** What may wait here for a follower; beyond, the subscription is paused, and what cannot wait there either is read again. */
const mayWait = 1_000

const firstRetryMs = 100
const lastRetryMs = 10_000

/**
 * A subscription that does not end. The client never subscribes again by itself; here a lost one (the server restarted,
 * or found us too slow) is replaced, from the last position that was told, which loses nothing and repeats nothing.
 */
export const followForever = async function* (
  subscribe: Subscribe,
  isOurs: (stream: string) => boolean,
  after: Position,
  signal: AbortSignal,
): AsyncGenerator<Told<Stored>, void, undefined> {
  let last = after
  let hasCaughtUp = false
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      for await (const told of followOnce(subscribe, isOurs, last, signal)) {
        attempt = 0
        last = told.position
        if (told.kind === 'caught-up' && hasCaughtUp) continue
        hasCaughtUp ||= told.kind === 'caught-up'
        yield told
      }
    } catch (error) {
      if (error instanceof Unreadable || meaningOf(error) === 'refused') throw error
    }
    const pause = Math.min(lastRetryMs, firstRetryMs * 2 ** attempt)
    await sleep(pause, undefined, { signal }).catch(() => {})
  }
}

/** Until the signal fires, or the subscription is lost (which throws, or just ends). */
const followOnce = async function* (
  subscribe: Subscribe,
  isOurs: (stream: string) => boolean,
  after: Position,
  signal: AbortSignal,
): AsyncGenerator<Told<Stored>, void, undefined> {
  let waiting: Array<Recorded<Stored>> = []
  let last = after
  let checkpoint = after
  let isCaughtUp = false
  let lost: Readonly<{ error: unknown }> | null = null
  let wake = () => {}

  const subscription = subscribe(after, ({ commit }) => {
    checkpoint = Math.max(checkpoint, toPosition(commit))
    wake()
  })
  const lose = (error: unknown) => {
    lost ??= { error }
    wake()
  }
  const onAbort = () => wake()
  const onData = ({ event }: Readonly<{ event?: AllStreamRecordedEvent }>) => {
    if (event === undefined || event.type.startsWith('$') || !isOurs(event.streamId)) return
    try {
      const recorded = toRecorded(event)
      if (recorded.position > last && recorded.position > (waiting.at(-1)?.position ?? 0))
        waiting.push(recorded)
    } catch (error) {
      lose(error)
    }
    if (waiting.length >= mayWait) subscription.pause()
    wake()
  }

  signal.addEventListener('abort', onAbort, { once: true })
  subscription
    .on('error', lose)
    .on('caughtUp', () => {
      isCaughtUp = true
      wake()
    })
    .on('end', () => lose(undefined))
    .on('close', () => lose(undefined))
    .on('data', onData)

  try {
    while (!signal.aborted) {
      // Marks overtake the events before them, which may still be on their way through the stream's buffer.
      const isDrained = subscription.readableLength === 0
      if (waiting.length > 0) {
        const events = waiting
        waiting = []
        last = (events.at(-1) as Recorded<Stored>).position
        subscription.resume()
        yield { kind: 'events', events, position: last }
      } else if (lost !== null) throw (lost as Readonly<{ error: unknown }>).error
      else if (isDrained && (isCaughtUp || checkpoint > last)) {
        last = Math.max(last, checkpoint)
        const isTurn = isCaughtUp
        isCaughtUp = false
        // Without events: there were none for us up to here, and a follower need not have this read again.
        yield isTurn ? { kind: 'caught-up', position: last } : { kind: 'events', events: [], position: last }
      } else
        await new Promise<void>(resolve => {
          wake = resolve
        })
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    // Listeners stay: an error that nobody listens to would end the process.
    subscription.resume()
    subscription.unsubscribe().catch(() => {})
  }
}
