import { DomainEvent } from '../../src/domain/events/catalogue.ts'
import type * as Bundle from '../../src/domain/bundle/index.ts'
import type * as Content from '../../src/domain/content/index.ts'
import type * as Distribution from '../../src/domain/distribution/index.ts'
import type * as Executor from '../../src/domain/executor/index.ts'
import { withinEffects } from '../../src/domain/kernel/failpoint.ts'
import type { Image } from '../../src/domain/metadata/index.ts'
import type * as Runtime from '../../src/domain/runtime/index.ts'
import type * as Snapshot from '../../src/domain/snapshot/index.ts'

type Codec = Readonly<{ types?: ReadonlyArray<Codec>; props?: { type: { value: string } }; type?: Codec }>

const typesIn = (codec: Codec): ReadonlyArray<string> =>
  codec.types?.flatMap(typesIn) ?? [(codec.props ?? codec.type?.props)?.type.value ?? '']

/** What each reactor does. The compiler sees to it that a task is not forgotten; a reactor would be by its events. */
type Tasks<Work extends Readonly<{ task: string }>> = Readonly<Record<Work['task'], true>>
const bundle: Tasks<Bundle.Work> = { prepare: true, remove: true }
const content: Tasks<Content.Work> = { fetch: true, remove: true }
const distribution: Tasks<Distribution.Work> = { resolve: true }
const executor: Tasks<Executor.Work> = { start: true }
const image: Tasks<Image.Work> = { remove: true }
const runtime: Tasks<Runtime.Work> = {
  start: true,
  signal: true,
  stop: true,
  kill: true,
  pause: true,
  unpause: true,
}
const snapshot: Tasks<Snapshot.Work> = { unpack: true, prepare: true, remove: true }
const watching = { watch: true }

const reactors = {
  bundle,
  content,
  distribution,
  executor,
  'exec-supervisor': watching,
  image,
  runtime,
  snapshot,
  supervisor: watching,
}

/** Every point that a crash can be asked for at, as the code has them. */
export const everyPoint: ReadonlyArray<string> = [
  ...typesIn(DomainEvent as unknown as Codec).flatMap(type => [`append ${type}`, `appended ${type}`]),
  ...Object.entries(reactors).flatMap(([name, tasks]) =>
    Object.keys(tasks).flatMap(task => [`effect ${name}/${task}`, `outcome ${name}/${task}`]),
  ),
  ...withinEffects,
]
