import { firstValueFrom, filter, from, map, merge, takeUntil, fromEvent } from 'rxjs'
import type { ContainerView } from '../../projections/runtime/containers.ts'
import type { Engine } from '../engine.ts'

/** How a run ended; `lost`: nobody saw it, so there is no code. */
export type End = Readonly<{
  exitCode: number | null
  signal: number | null
  oomKilled: boolean
  exitedAt: string | null
  lost: string | null
}>

const noCode = { exitCode: null, signal: null, oomKilled: false, exitedAt: null, lost: null } as const

/** It never ran, and never will. */
const removed: End = { ...noCode, lost: 'removed' }

/** The end of the container's last run, where it has one. */
export const endOf = ({ status, exit, lost, failure }: ContainerView): End | null => {
  if (status === 'starting' || status === 'running' || status === 'paused') return null
  if (exit !== null) {
    const { exitCode, signal, oomKilled, exitedAt } = exit
    return { exitCode, signal, oomKilled, exitedAt, lost: null }
  }
  if (lost !== null) return { ...noCode, lost }
  return failure === null ? null : { ...noCode, exitCode: failure.exitCode }
}

/** Waits for the end of the run that is under way, or that comes next. Null: the client went away. */
export const waitForEnd = async (engine: Engine, id: string, signal: AbortSignal): Promise<End | null> => {
  const now = () => {
    const found = engine.queries.containerByReference(id, 'now')
    if (found.kind !== 'found') return removed
    return endOf(found.found) ?? (found.found.status === 'removed' ? removed : null)
  }
  const told = engine.told.pipe(
    filter(({ event }) => 'container' in event && event.container === id),
    map(({ event }): End | null => {
      switch (event.type) {
        case 'ContainerExited': {
          const { exitCode, signal, oomKilled, exitedAt } = event
          return { exitCode, signal, oomKilled, exitedAt, lost: null }
        }
        case 'ContainerLost':
          return { ...noCode, lost: event.because }
        case 'ContainerStartFailed':
          return { ...noCode, exitCode: event.exitCode }
        case 'ContainerRemoved':
          // The read models may not have heard of it yet; another run will not come in any case.
          return now() ?? removed
        default:
          return null
      }
    }),
  )
  // Subscribed to what is told before what is known is asked for, so that nothing falls between the two.
  const known = from(engine.waitFor(engine.log.head(), 2_000).then(() => now()))
  return firstValueFrom(
    merge(told, known).pipe(
      filter((end): end is End => end !== null),
      takeUntil(fromEvent(signal, 'abort')),
    ),
    { defaultValue: null },
  )
}
