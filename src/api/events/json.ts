import type { DomainEvent } from '../../domain/events/catalogue.ts'
import type { Recorded } from '../../domain/kernel/store.ts'

/** An event as it leaves us. */
export const eventJson = ({
  event,
  id,
  stream,
  revision,
  position,
  recordedAt,
  metadata,
}: Recorded<DomainEvent>) => {
  const { type, ...data } = event
  return {
    position,
    id,
    stream,
    revision,
    type,
    data,
    recordedAt: recordedAt.toISOString(),
    occurredAt: metadata.occurredAt,
    correlation: metadata.$correlationId,
    causation: metadata.$causationId,
    command: metadata.commandId,
    actor: metadata.actor,
    node: metadata.node,
    bootId: metadata.bootId,
  }
}
