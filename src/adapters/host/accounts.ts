import { readFileSync, statSync } from 'node:fs'

/** The fields of an account file's lines (passwd(5), group(5)), read again when the file has changed. */
const linesOf = (path: string) => {
  let seen = 0
  let lines: ReadonlyArray<ReadonlyArray<string>> = []
  return () => {
    try {
      const { mtimeMs } = statSync(path)
      if (mtimeMs !== seen) {
        lines = readFileSync(path, 'utf8')
          .split('\n')
          .map(line => line.split(':'))
        seen = mtimeMs
      }
    } catch {
      lines = []
    }
    return lines
  }
}

const users = linesOf('/etc/passwd')
const groups = linesOf('/etc/group')

/** What this host calls a user; null where it has no name for them. */
export const userName = (uid: number): string | null =>
  users().find(([, , id]) => id === String(uid))?.[0] ?? null

/** A group's number; null where there is no such group. */
export const groupId = (name: string): number | null => {
  const id = groups().find(([group]) => group === name)?.[2]
  return id === undefined ? null : Number(id)
}
