import type { End } from '../client/answers.ts'
import { daemonFor, segment } from '../client/daemon.ts'
import { command, many } from '../command.ts'
import { liveContainerNames } from '../completion-sources.ts'
import { complain } from '../complain.ts'
import { Failure } from '../failure.ts'
import { lostBecause } from '../output/lost.ts'

export default command<object, Array<string>>({
  brief: 'wait for the end, print the exit code',
  usage: 'wait CONTAINER…',
  examples: [['wait web', 'prints 0 if all went well']],
  flags: {},
  positional: many('containers', 'CONTAINER', 1, liveContainerNames),
  run: async (session, _, ...names) => {
    // A connection for each: answers on one come in the order of the questions, ends do not.
    const ends = names.map(name => daemonFor(session).get<End>(`/v1/containers/${segment(name)}/wait`))
    let exitCode = 0
    for (const [i, result] of (await Promise.allSettled(ends)).entries()) {
      if (result.status === 'rejected') exitCode = complain(result.reason, session)
      else if (result.value.exitCode !== null) session.out(`${result.value.exitCode}\n`)
      else {
        const because = lostBecause(result.value.lost ?? 'for a reason not known')
        exitCode = complain(
          new Failure(`nobody saw the end of ${names[i]}: ${because}`, `shiplog why ${names[i]}`),
          session,
        )
      }
    }
    return exitCode
  },
})
