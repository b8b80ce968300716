import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import * as E from 'fp-ts/lib/Either.js'
import type { EffectFailure } from '../../domain/kernel/problem.ts'
import type { Usage } from './disk-usage.ts'
import type { LayerRecord, StoreRequest } from './stored-layer.ts'

/** `subject` is what a failure is about. */
export type Job = Readonly<{ subject: string }> &
  (
    | Readonly<{ task: 'store'; request: StoreRequest }>
    | Readonly<{ task: 'erase'; path: string }>
    | Readonly<{ task: 'measure'; path: string }>
  )

type Results = Readonly<{ store: LayerRecord; erase: void; measure: Usage }>

export type Answer =
  | Readonly<{ kind: 'progress'; bytes: number }>
  | Readonly<{ kind: 'done'; result: E.Either<EffectFailure, unknown> }>

type Waiting = Readonly<{
  job: Job
  /** What takes longest begins first, so that threads finish together. */
  weight: number
  progress: (bytes: number) => void
  finish: (result: E.Either<EffectFailure, unknown>) => void
}>

export type UnpackPool = Readonly<{
  run: <Task extends Job['task']>(
    job: Extract<Job, { task: Task }>,
    weight?: number,
    progress?: (bytes: number) => void,
  ) => Promise<E.Either<EffectFailure, Results[Task]>>
  /** Ends all threads; jobs that are waiting or under way fail as `unavailable`. */
  close: () => Promise<void>
}>

/** More threads than this wait for the disk. */
const MOST = 4

/**
 * Threads for unpacking: as many as the machine has processors, started when there is something to do and ended after
 * `idleMs` without, so that an idle daemon is small. They keep the process alive only while they work.
 */
export const unpackPool = ({
  threads = Math.min(availableParallelism(), MOST),
  idleMs = 5000,
} = {}): UnpackPool => {
  const waiting: Array<Waiting> = []
  const idle = new Map<Worker, NodeJS.Timeout>()
  const busy = new Map<Worker, Waiting>()
  let closed = false

  const start = () => {
    const worker = new Worker(new URL('./unpack-worker.ts', import.meta.url), {
      name: 'unpack',
      // Descriptors come from system calls of our own; Node would warn of those it has not opened itself.
      trackUnmanagedFds: false,
    })
    worker.on('message', (answer: Answer) => {
      const current = busy.get(worker)
      if (answer.kind === 'progress') current?.progress(answer.bytes)
      else {
        busy.delete(worker)
        rest(worker)
        current?.finish(answer.result)
        next()
      }
    })
    const lost = (cause: string) => {
      clearTimeout(idle.get(worker))
      idle.delete(worker)
      const current = busy.get(worker)
      busy.delete(worker)
      current?.finish(E.left(ended(current.job.subject, cause)))
      if (!closed) next()
    }
    worker.on('error', error => lost((error as Error).message))
    worker.on('exit', () => lost('its thread has ended'))
    return worker
  }

  const rest = (worker: Worker) => {
    worker.unref()
    const stop = () => {
      idle.delete(worker)
      void worker.terminate()
    }
    idle.set(worker, setTimeout(stop, idleMs).unref())
  }

  const wake = () => {
    // The one that rested least: the others may end.
    const worker = [...idle.keys()].at(-1)
    if (worker === undefined) return busy.size < threads ? start() : undefined
    clearTimeout(idle.get(worker))
    idle.delete(worker)
    worker.ref()
    return worker
  }

  const next = () => {
    if (waiting.length === 0) return
    const worker = wake()
    if (worker === undefined) return
    const heaviest = waiting.reduce((most, one) => (one.weight > most.weight ? one : most))
    waiting.splice(waiting.indexOf(heaviest), 1)
    busy.set(worker, heaviest)
    worker.postMessage(heaviest.job)
  }

  return {
    run: (job, weight = 0, progress = () => {}) =>
      new Promise(resolve => {
        const finish = resolve as Waiting['finish']
        if (closed) return finish(E.left(ended(job.subject, 'the engine is stopping')))
        waiting.push({ job, weight, progress, finish })
        next()
      }),

    close: async () => {
      closed = true
      for (const { job, finish } of waiting.splice(0))
        finish(E.left(ended(job.subject, 'the engine is stopping')))
      for (const timer of idle.values()) clearTimeout(timer)
      await Promise.all([...idle.keys(), ...busy.keys()].map(worker => worker.terminate()))
    },
  }
}

const ended = (subject: string, cause: string): EffectFailure => ({
  reason: 'unavailable',
  problem: 'interrupted',
  cause: `${subject}: ${cause}`,
})
