import { constants } from 'node:os'
import type { Session } from '../io.ts'

const forwarded: ReadonlyArray<NodeJS.Signals> = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
]

/** 128 and the signal's number, as shells have it. */
export const exitCodeOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal]

/**
 * Hands this process's signals on. What comes before there is anybody to hand it to is kept until there is. A second
 * Ctrl-C, whatever has become of the first, is for ourselves: then `left` resolves with our exit code.
 */
export const signalProxy = (session: Pick<Session, 'onSignal'>, isForwarding: boolean) => {
  let send: ((signal: NodeJS.Signals) => void) | null = null
  const kept: Array<NodeJS.Signals> = []
  let interrupts = 0
  let leave: (exitCode: number) => void = () => {}
  const left = new Promise<number>(resolve => {
    leave = resolve
  })

  const unsubscribe = forwarded.map(signal =>
    session.onSignal(signal, () => {
      if (signal === 'SIGINT') interrupts += 1
      if (!isForwarding || interrupts > 1) return leave(exitCodeOf(signal))
      if (send === null) kept.push(signal)
      else send(signal)
    }),
  )

  return {
    left,
    /** There is somebody now. */
    sendTo: (receiver: (signal: NodeJS.Signals) => void) => {
      send = receiver
      for (const signal of kept.splice(0)) receiver(signal)
    },
    stop: () => {
      for (const stop of unsubscribe) stop()
    },
  }
}

export type SignalProxy = ReturnType<typeof signalProxy>
