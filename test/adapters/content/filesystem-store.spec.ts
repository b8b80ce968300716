import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openFilesystemStore } from '../../../src/adapters/content/filesystem-store.ts'
import { contentStoreContract } from '../../contract/content-store.contract.ts'

contentStoreContract('a directory', async () => {
  const root = await mkdtemp(join(tmpdir(), 'content-'))
  return {
    ...openFilesystemStore(root),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  }
})
