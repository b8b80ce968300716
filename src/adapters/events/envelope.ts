import { hash } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import type { Context } from '../../domain/kernel/context.ts'
import { versionOf } from '../../domain/kernel/event-version.ts'
import type { Recorded, Revision, Stored, StoreUnavailable, StreamName } from '../../domain/kernel/store.ts'

/** Which daemon writes, and by which clock. */
export type Origin = Readonly<{
  node: string
  /** The boot of the host or of the daemon that the events belong to. */
  bootId: string
  clock: () => Date
}>

/** An event on its way into a log: everything but what only the log can say. */
export type Draft = Omit<Recorded<Stored>, 'position' | 'recordedAt'>

/**
 * What every log takes at most in one append, all its events together, as bytes of JSON without the metadata. It is
 * EventStoreDB's limit, kept by all so that a history can move from one log to another.
 */
export const maxAppendSize = 1_048_576

/** Puts the envelope around events: their ids, their revisions and who asked for them. */
export const envelope =
  ({ node, bootId, clock }: Origin) =>
  (
    stream: StreamName,
    expected: Revision,
    events: ReadonlyArray<Stored>,
    { correlationId, causationId, commandId, actor }: Context,
  ): ReadonlyArray<Draft> => {
    const occurredAt = clock().toISOString()
    return events.map((event, index) => ({
      event,
      id: eventId(commandId, stream, index),
      stream,
      revision: expected + index + 1,
      metadata: {
        $correlationId: correlationId,
        $causationId: causationId,
        commandId,
        actor,
        node,
        bootId,
        occurredAt,
        schema: versionOf(event.type),
      },
    }))
  }

/**
 * The same command, stream and index give the same id for ever: that is how a repeated append is recognised. A UUID of
 * version 8 (RFC 9562, 5.8): the first 128 bits of the SHA-256 of the three, as JSON, with version and variant set.
 */
export const eventId = (commandId: string, stream: StreamName, index: number): string => {
  const digest = hash('sha256', JSON.stringify([commandId, stream, index]))
  const variant = ((Number.parseInt(digest[16] as string, 16) & 0b0011) | 0b1000).toString(16)
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `${variant}${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ].join('-')
}

/** The events as JSON, or why they cannot be written. */
export const serialised = (
  stream: StreamName,
  events: ReadonlyArray<Stored>,
): E.Either<StoreUnavailable, ReadonlyArray<string>> => {
  try {
    const texts = events.map(event => JSON.stringify(event))
    const size = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
    return size <= maxAppendSize
      ? E.right(texts)
      : E.left(
          unavailable(
            `${stream}: an append of ${size} bytes is larger than the log takes (${maxAppendSize})`,
          ),
        )
  } catch (error) {
    return E.left(
      unavailable(`${stream}: an event that cannot be written as JSON: ${(error as Error).message}`),
    )
  }
}

export const unavailable = (cause: string): StoreUnavailable => ({ reason: 'store-unavailable', cause })
