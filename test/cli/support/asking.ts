import { shiplog } from './command-line.ts'
import type { World } from './command-line.ts'
import { fakeDaemon } from './fake-daemon.ts'
import type { Routes } from './fake-daemon.ts'

/** One command line against a daemon that answers so: what came of it, and what the daemon was asked. */
export const asking = async (routes: Routes, world: World, ...argv: ReadonlyArray<string>) => {
  await using daemon = await fakeDaemon(routes)
  const result = await shiplog({ host: daemon.host, ...world }, ...argv)
  return { ...result, asked: daemon.asked }
}

/** A command line as one would type it, quotes left out. */
export const typed = (line: string): ReadonlyArray<string> => line.trim().split(/\s+/)
