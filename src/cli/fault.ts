import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { complain } from './complain.ts'
import { Failure } from './failure.ts'
import type { Io } from './io.ts'

/** A fault of ours: the stack goes to a file, the screen gets one sentence and where that file is. */
export const reportFault = (error: unknown, argv: ReadonlyArray<string>, io: Io): number => {
  if (error instanceof Failure) return complain(error, io)
  const path = join(tmpdir(), `shiplog-fault-${process.pid}-${Date.now()}.txt`)
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  // Only the command's name: arguments may hold secrets.
  const report = `shiplog ${argv[0] ?? ''}\nnode ${process.version}\n${new Date().toISOString()}\n\n${stack}\n`
  try {
    writeFileSync(path, report, { mode: 0o600, flag: 'wx' })
    io.err(`shiplog: a fault of shiplog itself ended this command; the report is in ${path}\n`)
  } catch {
    io.err(`shiplog: a fault of shiplog itself ended this command: ${stack}\n`)
  }
  return 70
}
