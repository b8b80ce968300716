import { dirname, join } from 'node:path'
import { Subject } from 'rxjs'
import { openBundles } from './adapters/bundle/directory.ts'
import { execProcess } from './adapters/bundle/exec-process.ts'
import { openFilesystemStore } from './adapters/content/filesystem-store.ts'
import { dockerConfigPath, dockerCredentials } from './adapters/distribution/docker-credentials.ts'
import { operationCredentials } from './adapters/distribution/operation-credentials.ts'
import { openRegistryClient } from './adapters/distribution/registry-client.ts'
import { oomKills } from './adapters/executor/cgroup.ts'
import { openRunc } from './adapters/executor/runc.ts'
import { overlayDriver } from './adapters/snapshot/overlay.ts'
import { openInputs } from './adapters/supervisor/input.ts'
import { openMonitor } from './adapters/supervisor/monitor.ts'
import { openProcesses } from './adapters/supervisor/processes.ts'
import { findProgram } from './adapters/supervisor/programs.ts'
import type { ProgressReport } from './api/engine.ts'
import type { Config } from './config.ts'
import { CGROUP_PARENT } from './domain/bundle/runtime-spec.ts'
import type { ContainerId, ExecId } from './domain/kernel/identifiers.ts'
import type { Hands } from './engine.ts'

/** All that touches the world, opened on the directories of a configuration. */
export const openHands = (config: Config, bootId: string, onlyReferredToBy: Hands['onlyReferredToBy']) => {
  const { root, state, runtime, mirrors } = config.values
  const progress = new Subject<ProgressReport>()

  const brought = operationCredentials(dockerCredentials(dockerConfigPath()))
  const registry = openRegistryClient({
    credentials: brought.credentials,
    mirrors,
    insecure: config.values['insecure-registries'],
    progress: ({ blob, bytes }) =>
      progress.next({ digest: blob.digest, phase: 'fetching', bytes, total: blob.size }),
  })
  const content = openFilesystemStore(join(root, 'content'))
  const snapshots = overlayDriver({ directory: join(root, 'snapshots') })
  const bundles = openBundles({ root, state })

  const directoryOf = (container: ContainerId) => join(state, 'containers', container)
  const cgroupOf = (container: ContainerId) => `${CGROUP_PARENT}/${container}`
  const execOutput = (container: ContainerId, exec: ExecId) =>
    join(dirname(bundles.outputPath(container)), `exec-${exec}.log`)
  const programs = {
    conmon: findProgram('conmon'),
    runtime: findProgram(runtime),
    runtimeRoot: join(state, 'runc'),
  }
  const inputs = openInputs()
  const runc = openRunc({
    runtime: programs.runtime,
    runtimeRoot: programs.runtimeRoot,
    directoryOf,
    cgroupOf,
  })
  const monitor = openMonitor({
    programs,
    directoryOf,
    bootId,
    inputs,
    wasOutOfMemory: container => oomKills(cgroupOf(container)) > 0,
    letGo: runc.letGo,
  })
  const processes = openProcesses({
    programs,
    directoryOf,
    outputOf: execOutput,
    describe: execProcess,
    bootId,
    inputs,
  })

  const hands: Hands = {
    registry,
    fetchBlob: ({ source, ...request }) => registry.fetch({ ...source, ...request }),
    content,
    snapshots,
    bundles,
    monitor,
    runtime: runc,
    processes,
    onlyReferredToBy,
    unpackProgress: (digest, bytes) => progress.next({ digest, phase: 'unpacking', bytes, total: null }),
  }

  return {
    hands,
    bundles,
    inputs,
    progress,
    programs,
    directoryOf,
    execOutput,
    keepCredential: brought.keep,
    async [Symbol.asyncDispose]() {
      await registry.close()
      await snapshots[Symbol.asyncDispose]()
    },
  }
}

export type OpenedHands = ReturnType<typeof openHands>
