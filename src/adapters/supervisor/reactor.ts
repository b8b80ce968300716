import * as TE from 'fp-ts/lib/TaskEither.js'
import * as Runtime from '../../domain/runtime/index.ts'
import type { Monitor } from '../../domain/supervisor/index.ts'
import type { Reactor } from '../events/reactor.ts'

type Watch = Readonly<{ task: string }> & NonNullable<ReturnType<typeof Runtime.watched>>

/** A container that runs owes an end. It is waited for for as long as it takes, and told once. */
export const supervisorReactor = (
  monitor: Monitor,
): Reactor<Runtime.State, Watch, Runtime.Outcome, never> => ({
  name: 'supervisor',
  category: Runtime.category,
  overlapping: true,
  actor: { kind: 'system', policy: 'supervisor' },

  owed: state => {
    const watched = Runtime.watched(state)
    return watched === null ? [] : [{ task: 'watch', ...watched }]
  },
  keyOf: ({ task, run }) => `${task}-${run}`,

  perform: ({ container, run }) =>
    TE.fromTask(async () => {
      const end = await monitor.ended({ container, run })
      if (end.kind === 'lost') return { type: 'RecordContainerLost', container, run, because: end.because }
      const { kind: _, ...exit } = end
      return { type: 'RecordContainerExited', container, run, ...exit }
    }),

  giveUp: (_, failure) => failure,
})
