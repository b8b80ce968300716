import { exitCodeOf } from '../attach/signals.ts'
import type { Session } from '../io.ts'

/** Work that the daemon does for us: Ctrl-C leaves at once, and says what becomes of it. */
export const untilInterrupted = (
  session: Session,
  note: string,
  work: () => Promise<number>,
): Promise<number> => {
  const interrupted = new Promise<number>(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      session.onSignal(signal, () => {
        session.err(`\n${note}\n`)
        resolve(exitCodeOf(signal))
      })
    }
  })
  return Promise.race([work(), interrupted])
}
