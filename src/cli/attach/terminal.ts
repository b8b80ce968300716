import type { Daemon } from '../client/daemon.ts'
import { UsageError } from '../failure.ts'
import type { Session, Unsubscribe } from '../io.ts'

/** Dragging a window's edge gives a size at every pixel; this many milliseconds of rest are waited for. */
const restBeforeResize = 40

/** Tells the process's terminal the size of ours, now and whenever it changes. */
export const followSize = (session: Session, daemon: Daemon, path: string): Unsubscribe => {
  let own: Daemon | null = null
  let timer: NodeJS.Timeout | undefined
  let last = ''

  const tell = () => {
    const size = session.size()
    if (size === null || JSON.stringify(size) === last) return
    last = JSON.stringify(size)
    own ??= daemon.another()
    // A process that has just ended has no size any more.
    own.post(`${path}/resize`, size).catch(() => {})
  }

  tell()
  const unsubscribe = session.onResize(() => {
    clearTimeout(timer)
    timer = setTimeout(tell, restBeforeResize)
  })
  return () => {
    unsubscribe()
    clearTimeout(timer)
    own?.close()
  }
}

/** Input that is to be a terminal's has to come from one. */
export const checkTerminal = (
  session: Session,
  flags: Readonly<{ tty?: boolean; interactive?: boolean }>,
): void => {
  if (flags.tty === true && flags.interactive === true && !session.isTerminal('stdin'))
    throw new UsageError('-t with -i needs a terminal, and stdin is none', 'leave out -t')
}
