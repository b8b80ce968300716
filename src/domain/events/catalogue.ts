import * as t from 'io-ts'
import * as Bundle from '../bundle/index.ts'
import * as Content from '../content/index.ts'
import * as Distribution from '../distribution/index.ts'
import * as Executor from '../executor/index.ts'
import { ContainerNames, Image } from '../metadata/index.ts'
import * as Runtime from '../runtime/index.ts'
import * as Snapshot from '../snapshot/index.ts'
import * as Node from './node.ts'

/** Every event there is, and how it is read. */
export const DomainEvent = t.union(
  [
    Bundle.Event,
    Content.Event,
    Distribution.Event,
    Executor.Event,
    Image.Event,
    ContainerNames.Event,
    Node.Event,
    Runtime.Event,
    Snapshot.Event,
  ],
  'DomainEvent',
)
export type DomainEvent = t.TypeOf<typeof DomainEvent>

export type EventType = DomainEvent['type']

type Codec = t.Mixed &
  Readonly<{ types?: ReadonlyArray<Codec>; type?: t.TypeC<{ type: t.LiteralC<EventType> }> }>

const typesIn = ({ types, type }: Codec): ReadonlyArray<EventType> =>
  types?.flatMap(typesIn) ?? (type === undefined ? [] : [type.props.type.value])

/** The types of all events there are. */
export const eventTypes: ReadonlyArray<EventType> = typesIn(DomainEvent as unknown as Codec)
export type DomainEventOf<Type extends EventType> = Extract<DomainEvent, { type: Type }>
