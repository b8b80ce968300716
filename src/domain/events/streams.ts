import * as Bundle from '../bundle/index.ts'
import * as Content from '../content/index.ts'
import * as Distribution from '../distribution/index.ts'
import * as Executor from '../executor/index.ts'
import type {
  ContainerId,
  ContainerName,
  Digest,
  ExecId,
  ImageName,
  Namespace,
  NodeName,
  PullId,
  SnapshotKey,
} from '../kernel/identifiers.ts'
import type { StreamName } from '../kernel/store.ts'
import { imageCategory, nameCategory } from '../metadata/index.ts'
import * as Runtime from '../runtime/index.ts'
import * as Snapshot from '../snapshot/index.ts'

export const nodeCategory = 'node'

/** The streams of one node: one per subject, `<category>-<node>/<namespace>/<id>`. */
export const streamsOf = (node: NodeName) => ({
  node: (): StreamName => `${nodeCategory}-${node}`,
  pull: (namespace: Namespace, pull: PullId): StreamName =>
    `${Distribution.category}-${node}/${namespace}/${pull}`,
  /** Content and snapshots are shared by all namespaces. */
  content: (digest: Digest): StreamName => `${Content.category}-${node}/${digest}`,
  snapshot: (key: SnapshotKey): StreamName => `${Snapshot.category}-${node}/${key}`,
  image: (namespace: Namespace, name: ImageName): StreamName =>
    `${imageCategory}-${node}/${namespace}/${name}`,
  name: (namespace: Namespace, name: ContainerName): StreamName =>
    `${nameCategory}-${node}/${namespace}/${name}`,
  bundle: (namespace: Namespace, container: ContainerId): StreamName =>
    `${Bundle.category}-${node}/${namespace}/${container}`,
  container: (namespace: Namespace, container: ContainerId): StreamName =>
    `${Runtime.category}-${node}/${namespace}/${container}`,
  exec: (namespace: Namespace, exec: ExecId): StreamName =>
    `${Executor.category}-${node}/${namespace}/${exec}`,
})

export type Streams = ReturnType<typeof streamsOf>

/** Every category there is. */
export const allCategories: ReadonlyArray<string> = [
  Bundle.category,
  Content.category,
  Distribution.category,
  Executor.category,
  imageCategory,
  nameCategory,
  nodeCategory,
  Runtime.category,
  Snapshot.category,
]
