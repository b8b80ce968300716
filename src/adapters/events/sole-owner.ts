import { DatabaseSync } from 'node:sqlite'
import { adviceOn } from './sqlite.ts'

/**
 * Holds `<path>-owner` for as long as this process lives, so that nobody else appends to the database beside it; throws
 * when somebody does already. The lock is SQLite's own (of the kernel, so it ends with its holder, however that ends)
 * on an empty database of its own: an exclusive lock on the log itself would keep readers out as well.
 */
export const holdAlone = (path: string): Disposable => {
  if (path === ':memory:') return { [Symbol.dispose]: () => {} }
  let owner: DatabaseSync | undefined
  try {
    owner = new DatabaseSync(`${path}-owner`)
    owner.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (error) {
    owner?.close()
    const { message, errcode } = error as Error & { errcode?: number }
    const cause = errcode === busy ? 'another process has this log open' : `${message}${adviceOn(error)}`
    throw new Error(`${path}: ${cause}`, { cause: error })
  }
  return { [Symbol.dispose]: () => owner.close() }
}

const busy = 5
