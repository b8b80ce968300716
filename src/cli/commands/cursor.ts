import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Failure, UsageError } from '../failure.ts'
import type { EventFlags } from './event-flags.ts'

/** Where a reader had come to, and where that is kept. */
export type Cursor = Readonly<{
  after: string | undefined
  keep: (position: number) => void
}>

export const cursorOf = ({ afterCursor, cursorFile }: EventFlags, cwd: string): Cursor => {
  const path = cursorFile === undefined ? null : resolve(cwd, cursorFile)
  const after = afterCursor ?? (path === null ? undefined : read(path))
  return {
    after: after === undefined || !/^[0-9]+$/.test(after) ? after : `@${after}`,
    keep: position => {
      if (path === null) return
      try {
        writeFileSync(path, `@${position}\n`)
      } catch (error) {
        throw new Failure(`the cursor @${position} cannot be kept in ${path}: ${(error as Error).message}`)
      }
    },
  }
}

const read = (path: string): string | undefined => {
  try {
    const text = readFileSync(path, 'utf8').trim()
    if (text !== '' && !/^@?[0-9]+$/.test(text))
      throw new UsageError(`--cursor-file ${path}: "${text.slice(0, 40)}" is not a cursor`)
    return text === '' ? undefined : text
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    if (error instanceof UsageError) throw error
    throw new UsageError(`--cursor-file ${path}: ${(error as Error).message}`)
  }
}
