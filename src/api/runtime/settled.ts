import type { Outcome, Until } from '../../domain/processes/operation.ts'
import type * as Runtime from '../../domain/runtime/index.ts'

/**
 * What a command that recorded nothing finds done already, as its outcome. Null: it is on its way by an earlier wish,
 * and whoever asked waits for its end with the others.
 */
export const settledBy =
  (type: Runtime.Ask['type'], until: Until) =>
  (state: Runtime.State): Outcome | null => {
    if (state.status === 'absent') return {}
    const { container, phase, renaming, removal } = state
    switch (type) {
      case 'StartContainer':
        return phase.status === 'running' && until === 'started' ? { container, pid: phase.pid } : null
      case 'StopContainer':
        return phase.status === 'running' ? null : { container }
      case 'RestartContainer':
        return phase.status === 'running' && phase.stop === null ? { container, pid: phase.pid } : null
      case 'PauseContainer':
      case 'UnpauseContainer':
        return phase.status === 'running' && phase.pausing !== null ? null : { container }
      case 'RenameContainer':
        return renaming === null ? { container, name: state.name } : null
      case 'RemoveContainer':
        return removal === null || phase.status === 'removed' ? { container } : null
      case 'CreateContainer':
      case 'SignalContainer':
        return { container }
    }
  }
