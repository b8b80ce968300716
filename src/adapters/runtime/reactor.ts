import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { BundleStore } from '../../domain/bundle/index.ts'
import type { OciRuntime } from '../../domain/executor/index.ts'
import type { EffectFailure } from '../../domain/kernel/problem.ts'
import * as Runtime from '../../domain/runtime/index.ts'
import type { Monitor } from '../../domain/supervisor/index.ts'
import { whenToGiveUp } from '../events/patience.ts'
import type { Reactor } from '../events/reactor.ts'
import { failpoint } from '../host/failpoint.ts'

type Failure = EffectFailure & Readonly<{ exitCode?: number }>
type Effect = TE.TaskEither<Failure, Runtime.Outcome | null>

type Hands = Readonly<{
  bundles: Pick<BundleStore, 'activate' | 'outputPath'>
  monitor: Monitor
  runtime: OciRuntime
}>

/** The runtime has no more to say: docker's code for "the container could not be started". */
const RUNTIME_FAILED = 128

const keyOf = (work: Runtime.Work) => {
  if (work.task === 'signal') return `signal-${work.request}`
  return work.task === 'stop' ? `stop-${work.signal}-${work.timeout}` : work.task
}

/** Starts, signals, pauses and stops containers. How they end is the supervisor's to tell. */
export const runtimeReactor = ({
  bundles,
  monitor,
  runtime,
}: Hands): Reactor<Runtime.State, Runtime.Work, Runtime.Outcome, Failure> => {
  const start = ({ container, ...launch }: Extract<Runtime.Work, { task: 'start' }>): Effect =>
    pipe(
      bundles.activate(container),
      TE.flatMap(() => monitor.launch({ container, output: bundles.outputPath(container), ...launch })),
      TE.map(({ pid }) => ({ type: 'RecordContainerStarted', container, run: launch.run, pid })),
    )

  /** Its signal, then as much time as it was given; whether it ends within that is told by the supervisor. */
  const stop =
    ({ container, run, signal, timeout }: Extract<Runtime.Work, { task: 'stop' }>): Effect =>
    async () => {
      const sent = await runtime.signal(container, signal)()
      if (E.isLeft(sent)) return sent
      failpoint('stop signal sent')
      const timedOut = new AbortController()
      const ended = monitor.ended({ container, run }).then(() => null)
      if (timeout === null) return E.right(await ended)
      const late = sleep(timeout * 1000, undefined, { signal: timedOut.signal }).then(
        (): Runtime.Outcome => ({ type: 'RecordContainerStopTimedOut', container }),
        () => null,
      )
      const outcome = await Promise.race([ended, late])
      timedOut.abort()
      return E.right(outcome)
    }

  const perform = (work: Runtime.Work): Effect => {
    const { container } = work
    switch (work.task) {
      case 'start':
        return start(work)
      case 'stop':
        return stop(work)
      case 'kill':
        return pipe(
          runtime.kill(container),
          TE.map(() => null),
        )
      case 'pause':
        return pipe(
          runtime.pause(container),
          TE.map(() => ({ type: 'RecordContainerPaused', container })),
        )
      case 'unpause':
        return pipe(
          runtime.unpause(container),
          TE.map(() => ({ type: 'RecordContainerUnpaused', container })),
        )
      case 'signal': {
        const { request, signal } = work
        return pipe(
          runtime.signal(container, signal),
          TE.map(() => ({ type: 'RecordContainerSignalled', container, request, signal })),
        )
      }
    }
  }

  const giveUp = (work: Runtime.Work, problem: Failure, attempt: number): Runtime.Outcome | 'try-again' => {
    const failure = whenToGiveUp(problem, attempt)
    if (failure === 'try-again') return failure
    const { container } = work
    switch (work.task) {
      case 'start':
        return {
          type: 'RecordContainerStartFailed',
          container,
          run: work.run,
          exitCode: problem.exitCode ?? RUNTIME_FAILED,
          failure,
        }
      // It has ended by itself, or will yet be reached: either way the end is still to come.
      case 'stop':
      case 'kill':
        return 'try-again'
      case 'pause':
        return { type: 'RecordContainerPauseFailed', container, failure }
      case 'unpause':
        return { type: 'RecordContainerUnpauseFailed', container, failure }
      case 'signal':
        return {
          type: 'RecordContainerSignalFailed',
          container,
          request: work.request,
          signal: work.signal,
          failure,
        }
    }
  }

  return {
    name: 'runtime',
    category: Runtime.category,
    owed: Runtime.owed,
    keyOf,
    overlapping: true,
    perform,
    giveUp,
  }
}
