import { mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const TMPFS_MAGIC = 0x01021994

const onTmpfs = (path: string): boolean => {
  try {
    return statfsSync(path).type === TMPFS_MAGIC
  } catch {
    return false
  }
}

/** Memory where there is some to write to: tests make many small files, and fsync on a disk is not what they are about. */
const base = [tmpdir(), '/dev/shm'].find(onTmpfs) ?? tmpdir()

export type Scratch = AsyncDisposable & Disposable & Readonly<{ path: string }>

/**
 * A new directory of the test's own, gone with all that is in it at the end of the scope:
 * `await using directory = scratch('content')`.
 *
 * What was mounted inside is unmounted by whoever mounted it, before; a mount left behind makes the removal
 * fail with EBUSY, which is a test's failure and meant to be one. For files that must survive on a real
 * disk (overlay upper directories cannot be on every tmpfs, sizes matter), say where: `scratch('pull', '/var/tmp')`.
 */
export const scratch = (what: string, where: string = base): Scratch => {
  const path = mkdtempSync(join(where, `shiplog-${what}-`))
  const remove = () => rmSync(path, { recursive: true, force: true, maxRetries: 3, retryDelay: 20 })
  return {
    path,
    [Symbol.dispose]: remove,
    [Symbol.asyncDispose]: async () => remove(),
  }
}
