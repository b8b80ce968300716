import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Io } from '../io.ts'

/**
 * Where long output goes: to a pager on a terminal, else straight out. `write` resolves when more may follow; `end`
 * waits until the reader has left.
 */
export type Page = Readonly<{
  write: (text: string) => Promise<void>
  end: () => Promise<void>
  isGone: () => boolean
}>

const isInstalled = (program: string, env: Io['env']): boolean =>
  (env['PATH'] ?? '').split(':').some(directory => existsSync(join(directory, program)))

/** `$SHIPLOG_PAGER`, `$PAGER`, or `less -FIRX` where it is installed; an empty one or `cat` means none, as for git. */
export const pagerCommand = (
  env: Io['env'],
  hasLess: () => boolean = () => isInstalled('less', env),
): string | null => {
  const command = (env['SHIPLOG_PAGER'] ?? env['PAGER'])?.trim()
  if (command === undefined) return hasLess() ? 'less -FIRX' : null
  return command === '' || command === 'cat' ? null : command
}

export const straightOut = (io: Io): Page => ({
  write: text => {
    io.out(text)
    return io.drained()
  },
  end: () => Promise.resolve(),
  isGone: () => false,
})

export const openPage = async (io: Io): Promise<Page> => {
  const command = io.isTerminal('stdout') ? pagerCommand(io.env) : null
  if (command === null) return straightOut(io)

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
      if (isGone || pager.stdin.write(text)) return Promise.resolve()
      const drained = new Promise<void>(resolve => pager.stdin.once('drain', resolve))
      return Promise.race([drained, gone])
    },
    end: () => {
      pager.stdin.end()
      return gone
    },
    isGone: () => isGone,
  }
}
