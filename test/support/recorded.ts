import type { DomainEvent } from '../../src/domain/events/catalogue.ts'
import type { Context } from '../../src/domain/kernel/context.ts'
import type { Recorded, StreamName } from '../../src/domain/kernel/store.ts'

/** A context in which the engine acts by itself. */
export const contextOf = (commandId: string): Context => ({
  correlationId: `operation of ${commandId}`,
  causationId: null,
  commandId,
  actor: { kind: 'system', policy: 'test' },
})

/** An event as a log would give it. */
export const recorded = <Event extends DomainEvent>(
  event: Event,
  position: number,
  {
    stream = 'node-n1',
    at = new Date(Date.UTC(2026, 0, 1) + position * 1000),
    id = `00000000-0000-8000-8000-${position.toString(16).padStart(12, '0')}`,
    correlationId = 'operation-1',
  }: Readonly<{ stream?: StreamName; at?: Date; id?: string; correlationId?: string }> = {},
): Recorded<Event> => ({
  event,
  id,
  stream,
  revision: position,
  position,
  recordedAt: at,
  metadata: {
    $correlationId: correlationId,
    $causationId: null,
    commandId: `command-${position}`,
    actor: { kind: 'system', policy: 'test' },
    node: 'n1',
    bootId: 'boot-1',
    occurredAt: at.toISOString(),
    schema: 1,
  },
})
