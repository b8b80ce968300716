import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import * as Executor from '../../domain/executor/index.ts'
import type { EffectFailure } from '../../domain/kernel/problem.ts'
import { whenToGiveUp } from '../events/patience.ts'
import type { Reactor } from '../events/reactor.ts'

type Failure = EffectFailure & Readonly<{ exitCode?: number }>

/** The runtime has no more to say: docker's code for "the process could not be started". */
const RUNTIME_FAILED = 126

/** Starts processes in running containers. */
export const executorReactor = (
  processes: Executor.Processes,
): Reactor<Executor.State, Executor.Work, Executor.Outcome, Failure> => ({
  name: 'executor',
  category: Executor.category,
  owed: Executor.owed,
  overlapping: true,

  perform: work =>
    pipe(
      processes.start(work),
      TE.map(({ pid }) => ({ type: 'RecordExecStarted', exec: work.exec, container: work.container, pid })),
    ),

  giveUp: ({ exec, container }, problem, attempt) => {
    const failure = whenToGiveUp(problem, attempt, 1)
    if (failure === 'try-again') return failure
    return {
      type: 'RecordExecStartFailed',
      exec,
      container,
      exitCode: problem.exitCode ?? RUNTIME_FAILED,
      failure,
    }
  },
})

type Watch = Readonly<{ task: string }> & NonNullable<ReturnType<typeof Executor.watched>>

/** A process that runs owes an end, as a container does. */
export const execSupervisorReactor = (
  processes: Executor.Processes,
): Reactor<Executor.State, Watch, Executor.Outcome, never> => ({
  name: 'exec-supervisor',
  category: Executor.category,
  overlapping: true,
  actor: { kind: 'system', policy: 'supervisor' },

  owed: state => {
    const watched = Executor.watched(state)
    return watched === null ? [] : [{ task: 'watch', ...watched }]
  },

  perform: ({ exec, container }) =>
    TE.fromTask(async () => {
      const end = await processes.ended({ exec, container })
      if (end.kind === 'lost') return { type: 'RecordExecLost', exec, container, because: end.because }
      const { kind: _, ...exit } = end
      return { type: 'RecordExecExited', exec, container, ...exit }
    }),

  giveUp: (_, failure) => failure,
})
