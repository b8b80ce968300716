import type * as Bundle from '../bundle/index.ts'
import type * as Content from '../content/index.ts'
import type * as Distribution from '../distribution/index.ts'
import type { DomainEvent } from '../events/catalogue.ts'
import type { StreamName } from '../kernel/store.ts'
import type { ContainerNames, Image } from '../metadata/index.ts'
import type * as Runtime from '../runtime/index.ts'
import type * as Snapshot from '../snapshot/index.ts'

/** A command, addressed to a component. */
export type Request =
  | Readonly<{ to: 'bundle'; stream: StreamName; command: Bundle.Command }>
  | Readonly<{ to: 'content'; stream: StreamName; command: Content.Command }>
  | Readonly<{ to: 'distribution'; stream: StreamName; command: Distribution.Command }>
  | Readonly<{ to: 'image'; stream: StreamName; command: Image.Command }>
  | Readonly<{ to: 'name'; stream: StreamName; command: ContainerNames.Command }>
  | Readonly<{ to: 'runtime'; stream: StreamName; command: Runtime.Command }>
  | Readonly<{ to: 'snapshot'; stream: StreamName; command: Snapshot.Command }>

/** Why a component refused a request. */
export type Refusal = Readonly<{ reason: string }>

/**
 * A story told across components: what it has heard so far, and what it still asks for.
 *
 * A story hears the events that name it (`stories`), those of the streams that it waits for (`awaits`), and, where a
 * component had nothing to record because the thing asked for is so already, the fact that settled it.
 */
export type Process<State> = Readonly<{
  name: string
  categories: ReadonlyArray<string>
  /** The ids of the stories an event tells of, by itself. */
  stories: (event: DomainEvent) => ReadonlyArray<string>
  /** Whether this event begins the story of that id. */
  begins: (event: DomainEvent) => boolean
  initialState: State
  evolve: (state: State, event: DomainEvent) => State
  awaits: (state: State) => ReadonlyArray<StreamName>
  /** Everything outstanding, every time: asking again is free, forgetting is not. */
  asks: (state: State) => ReadonlyArray<Request>
  /** A component will not do what it was asked. */
  refused: (state: State, request: Request, refusal: Refusal) => State
  isOver: (state: State) => boolean
}>
