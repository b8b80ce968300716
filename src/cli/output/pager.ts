import type { Io } from '../io.ts'

/** Where long output goes: to a pager on a terminal, else straight out. `end` waits until the reader has left. */
export type Page = Readonly<{
  write: (text: string) => void
  end: () => Promise<void>
  isGone: () => boolean
}>

/** `$SHIPLOG_PAGER`, `$PAGER`, or `less -FIRX`; an empty one or `cat` means none, as for git. */
export const pagerCommand = (env: Io['env']): string | null => {
  const command = env['SHIPLOG_PAGER'] ?? env['PAGER'] ?? 'less -FIRX'
  return command.trim() === '' || command.trim() === 'cat' ? null : command
}

export const openPage = async (io: Io): Promise<Page> => {
  const command = io.isTerminal('stdout') ? pagerCommand(io.env) : null
  if (command === null) return { write: io.out, end: () => Promise.resolve(), isGone: () => false }

  const { spawn } = await import('node:child_process')
  const pager = spawn('/bin/sh', ['-c', command], {
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { ...io.env, LESS: io.env['LESS'] ?? 'FIRX' },
  })
  let isGone = false
  const gone = new Promise<void>(resolve => {
    const leave = () => {
      isGone = true
      resolve()
    }
    pager.on('close', leave)
    pager.on('error', leave)
  })
  // It was closed before all was read: that is what one does with pagers.
  pager.stdin.on('error', () => {})
  // Ctrl-C is the pager's while it is open.
  io.onSignal('SIGINT', () => {})
  return {
    write: text => {
      if (!isGone) pager.stdin.write(text)
    },
    end: () => {
      pager.stdin.end()
      return gone
    },
    isGone: () => isGone,
  }
}
