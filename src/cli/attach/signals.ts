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
 * Hands this process's signals on, if it is to. What comes before there is anybody to hand it to is kept until there
 * is. The second Ctrl-C, whatever has become of the first, is for ourselves, as is any signal while `during` has work
 * that can be left: then `left` resolves with our exit code.
 */
export const signalProxy = (session: Pick<Session, 'onSignal' | 'err'>, isForwarding: boolean) => {
  let send: ((signal: NodeJS.Signals) => void) | null = null
  let canBeLeft = !isForwarding
  let interrupts = 0
  const kept: Array<NodeJS.Signals> = []
  let leave: (exitCode: number) => void = () => {}
  const left = new Promise<number>(resolve => {
    leave = resolve
  })

  for (const signal of forwarded) {
    session.onSignal(signal, () => {
      if (signal === 'SIGINT') interrupts += 1
      if (canBeLeft || interrupts > 1) return leave(exitCodeOf(signal))
      if (send !== null) return send(signal)
      kept.push(signal)
      session.err(`\n${signal} goes to the container as soon as it runs; Ctrl-C once more leaves at once\n`)
    })
  }

  return {
    left,
    /** There is somebody now. */
    sendTo: (receiver: (signal: NodeJS.Signals) => void) => {
      send = receiver
      for (const signal of kept.splice(0)) receiver(signal)
    },
    /** Work that others finish without us. */
    during: async <Result>(work: () => Promise<Result>): Promise<Result> => {
      const before = canBeLeft
      canBeLeft = true
      try {
        return await work()
      } finally {
        canBeLeft = before
      }
    },
  }
}

export type SignalProxy = ReturnType<typeof signalProxy>
