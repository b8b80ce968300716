import type { ContainerId } from '../kernel/identifiers.ts'
import type { State } from './state.ts'

/** SIGKILL (signal(7)): what ends a container that nothing else ends. */
const SIGKILL = 9

export type Work =
  | Readonly<{
      task: 'start'
      container: ContainerId
      run: number
      terminal: boolean
      stdin: boolean
      consoleSize: Readonly<{ rows: number; columns: number }> | null
    }>
  | Readonly<{ task: 'signal'; container: ContainerId; request: number; signal: number }>
  /** Send the signal and wait for the end, `timeout` seconds at most. */
  | Readonly<{
      task: 'stop'
      container: ContainerId
      run: number
      signal: number
      timeout: number | null
    }>
  | Readonly<{ task: 'kill'; container: ContainerId; signal: number }>
  | Readonly<{ task: 'pause' | 'unpause'; container: ContainerId }>

/** What is owed to the outside world. */
export const owed = (state: State): ReadonlyArray<Work> => {
  if (state.status === 'absent') return []
  const { container, phase, run, removal } = state
  const { terminal, stdin, consoleSize } = state.request.options

  if (phase.status === 'starting') return [{ task: 'start', container, run, terminal, stdin, consoleSize }]
  if (phase.status !== 'running') return []

  const signals = phase.signals.map(
    ({ request, signal }): Work => ({ task: 'signal', container, request, signal }),
  )
  const pausing: ReadonlyArray<Work> = phase.pausing === null ? [] : [{ task: phase.pausing, container }]
  if (removal?.force === true || phase.stop?.timedOut === true)
    return [...signals, ...pausing, { task: 'kill', container, signal: SIGKILL }]
  if (phase.stop === null) return [...signals, ...pausing]
  const { signal, timeout } = phase.stop
  return [...signals, ...pausing, { task: 'stop', container, run, signal, timeout }]
}

/**
 * The run whose end is still to come: the supervisor watches it. One that is only being started is not watched yet: what
 * became of it is for the launch to find out first.
 */
export const watched = (state: State): Readonly<{ container: ContainerId; run: number }> | null =>
  state.status === 'known' && state.phase.status === 'running'
    ? { container: state.container, run: state.run }
    : null
