import { exitCodeOf as exitCodeOfSignal } from '../attach/signals.ts'
import type { Outcome } from '../attach/streams.ts'
import { Failure } from '../failure.ts'
import type { Session } from '../io.ts'
import { lostBecause } from '../output/lost.ts'

/** The exit code of a process is ours; ours is that of a broken pipe when nobody reads it any more. An end that nobody saw has no code: it is said as that. */
export const exitCodeOf = (session: Session, name: string, outcome: Outcome): number => {
  if (outcome.is === 'detached') {
    session.err(`\r\ndetached from ${name}; it goes on (shiplog attach ${name})\n`)
    return 0
  }
  if (outcome.is === 'unheard') {
    session.err(`nobody reads the output of ${name} any more; it goes on (shiplog stop ${name} ends it)\n`)
    return exitCodeOfSignal('SIGPIPE')
  }
  const { exitCode, lost } = outcome.end
  if (exitCode === null) {
    throw new Failure(
      `nobody saw the end of ${name}: ${lostBecause(lost ?? 'for a reason not known')}; so there is no exit code`,
      `shiplog why ${name}`,
    )
  }
  return exitCode
}
