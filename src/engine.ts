import * as E from 'fp-ts/lib/Either.js'
import { fromEvent } from 'rxjs'
import { bundleReactor } from './adapters/bundle/reactor.ts'
import { contentReactor } from './adapters/content/reactor.ts'
import type { FetchBlob } from './adapters/content/reactor.ts'
import { distributionReactor } from './adapters/distribution/reactor.ts'
import { runProcess } from './adapters/events/process-runner.ts'
import type { Dispatch, Stories } from './adapters/events/process-runner.ts'
import { runReactor } from './adapters/events/reactor.ts'
import type { Checkpoints, Report } from './adapters/events/reactor.ts'
import { execSupervisorReactor, executorReactor } from './adapters/executor/reactor.ts'
import { imageReactor } from './adapters/metadata/reactor.ts'
import type { OnlyReferredToBy } from './adapters/metadata/reactor.ts'
import { runtimeReactor } from './adapters/runtime/reactor.ts'
import { snapshotReactor } from './adapters/snapshot/reactor.ts'
import { supervisorReactor } from './adapters/supervisor/reactor.ts'
import * as Bundle from './domain/bundle/index.ts'
import * as Content from './domain/content/index.ts'
import * as Distribution from './domain/distribution/index.ts'
import { DomainEvent } from './domain/events/catalogue.ts'
import * as Node from './domain/events/node.ts'
import type { Streams } from './domain/events/streams.ts'
import * as Executor from './domain/executor/index.ts'
import { component, storeOf } from './domain/kernel/component.ts'
import type { Component } from './domain/kernel/component.ts'
import type { Context } from './domain/kernel/context.ts'
import type { Digest } from './domain/kernel/identifiers.ts'
import type { EventLog, StreamName } from './domain/kernel/store.ts'
import { ContainerNames, Image } from './domain/metadata/index.ts'
import {
  createContainer,
  removeContainer,
  removeImage,
  renameContainer,
  transferImage,
} from './domain/processes/index.ts'
import * as Runtime from './domain/runtime/index.ts'
import * as Snapshot from './domain/snapshot/index.ts'
import type { Monitor } from './domain/supervisor/index.ts'

/** The components, brought to life on a log. */
export const componentsOn = (log: EventLog) => ({
  bundle: component(log, Bundle),
  content: component(log, Content),
  distribution: component(log, Distribution),
  executor: component(log, Executor),
  image: component(log, Image),
  name: component(log, ContainerNames),
  node: component(log, Node),
  runtime: component(log, Runtime),
  snapshot: component(log, Snapshot),
  everything: storeOf(log, DomainEvent),
})

export type Components = ReturnType<typeof componentsOn>

/** What touches the world. */
export type Hands = Readonly<{
  registry: Distribution.Registry
  fetchBlob: FetchBlob
  content: Content.ContentStore
  snapshots: Snapshot.Driver
  bundles: Bundle.BundleStore
  monitor: Monitor
  runtime: Executor.OciRuntime
  processes: Executor.Processes
  onlyReferredToBy: OnlyReferredToBy
  /** Bytes of a layer that were unpacked so far: live, not history. */
  unpackProgress: (digest: Digest, bytes: number) => void
}>

type Memory = Readonly<{ checkpoints: Checkpoints; stories: Stories }>

/** All that goes on by itself, until the signal fires or something breaks. */
export const runEngine = async (
  components: Components,
  streams: Streams,
  hands: Hands,
  { checkpoints, stories }: Memory,
  report: Report,
  signal: AbortSignal,
): Promise<void> => {
  const stopped = fromEvent(signal, 'abort')
  const keep = { checkpoints, report, stopped, signal }
  const store = components.everything
  const tell = { store, dispatch: dispatcher(components), stories, report, signal }
  const { bundle, content, distribution, executor, image, runtime, snapshot } = components
  const { monitor, bundles, processes } = hands
  const blobs = hands.content

  await Promise.all([
    runReactor(
      distributionReactor(hands.registry, (blob, bytes) => orReject(blobs.put(blob, bytes)), signal),
      { component: distribution, ...keep },
    ),
    runReactor(contentReactor(blobs, hands.fetchBlob, signal), { component: content, ...keep }),
    runReactor(snapshotReactor(hands.snapshots, blobs.path, hands.unpackProgress), {
      component: snapshot,
      ...keep,
    }),
    runReactor(bundleReactor(bundles, monitor.forget), { component: bundle, ...keep }),
    runReactor(runtimeReactor(hands), { component: runtime, ...keep }),
    runReactor(supervisorReactor(monitor), { component: runtime, ...keep }),
    runReactor(executorReactor(processes), { component: executor, ...keep }),
    runReactor(execSupervisorReactor(processes), { component: executor, ...keep }),
    runReactor(imageReactor(hands.onlyReferredToBy), { component: image, ...keep }),
    runProcess(transferImage(streams), tell),
    runProcess(createContainer(streams), tell),
    runProcess(renameContainer(streams), tell),
    runProcess(removeContainer(streams), tell),
    runProcess(removeImage(streams), tell),
  ])
}

const orReject = async <A>(task: () => Promise<E.Either<unknown, A>>): Promise<void> => {
  const result = await task()
  if (E.isLeft(result)) throw result.left
}

/** Gives each request of a process to the component that it is addressed to. */
const dispatcher = (components: Components): Dispatch => {
  const give = async <
    Command,
    State,
    Event extends DomainEvent,
    Rejection extends Readonly<{ reason: string }>,
  >(
    { handle, settled }: Component<Command, State, Event, Rejection>,
    stream: StreamName,
    command: Command,
    context: Context,
  ): ReturnType<Dispatch> => {
    const handled = await handle(stream, command, context)()
    return E.isLeft(handled)
      ? handled
      : E.right({ recorded: handled.right.events.length, settled: settled(handled.right.state) })
  }

  return async (request, context) => {
    const { stream } = request
    switch (request.to) {
      case 'bundle':
        return give(components.bundle, stream, request.command, context)
      case 'content':
        return give(components.content, stream, request.command, context)
      case 'distribution':
        return give(components.distribution, stream, request.command, context)
      case 'image':
        return give(components.image, stream, request.command, context)
      case 'name':
        return give(components.name, stream, request.command, context)
      case 'runtime':
        return give(components.runtime, stream, request.command, context)
      case 'snapshot':
        return give(components.snapshot, stream, request.command, context)
    }
  }
}
