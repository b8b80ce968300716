import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { BundleDirectories } from './adapters/bundle/directory.ts'
import { sweepIngests } from './adapters/content/filesystem-store.ts'
import type { Queries } from './projections/queries.ts'

type Parts = Readonly<{ root: string; bundles: BundleDirectories; queries: Queries }>

/**
 * Takes away what a crash left before anything was recorded of it: values of the environment of a container that was
 * never asked for, and the beginnings of blobs that nobody waits for or may go on with. To be called when the read models have
 * heard of everything, and before anybody asks for anything new.
 */
export const tidyUp = async ({ root, bundles, queries }: Parts): Promise<void> => {
  const kept = await bundles.list()()
  for (const container of E.isRight(kept) ? kept.right : [])
    if (queries.containerByReference(container, 'now').kind === 'none') await bundles.remove(container)()

  sweepIngests(join(root, 'content'), digest => {
    const status = queries.blobByDigest(digest, 'now')?.status
    return status === 'fetching' || status === 'failed'
  })
}
