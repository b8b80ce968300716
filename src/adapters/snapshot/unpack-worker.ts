import { rmSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import * as E from 'fp-ts/lib/Either.js'
import { usageOf } from './disk-usage.ts'
import { failureOf } from './refusal.ts'
import { storeLayer } from './stored-layer.ts'
import type { Answer, Job } from './unpack-pool.ts'

// A thread for what keeps one busy: unpacking layers, deleting them, and adding up their sizes. One job at a time.

/** How often progress is told, in milliseconds. */
const TELL_EVERY = 100

const perform = async (job: Job): Promise<unknown> => {
  switch (job.task) {
    case 'store': {
      let told = 0
      return storeLayer(job.request, bytes => {
        const now = performance.now()
        if (now - told < TELL_EVERY) return
        told = now
        tell({ kind: 'progress', bytes })
      })
    }
    case 'erase':
      return rmSync(job.path, { recursive: true, force: true })
    case 'measure':
      return usageOf(job.path)
  }
}

const tell = (answer: Answer) => parentPort?.postMessage(answer)

parentPort?.on('message', async (job: Job) => {
  try {
    tell({ kind: 'done', result: E.right(await perform(job)) })
  } catch (error) {
    tell({ kind: 'done', result: E.left(failureOf(error, job.subject)) })
  }
})
