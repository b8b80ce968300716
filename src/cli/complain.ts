import { Failure } from './failure.ts'
import type { Io } from './io.ts'
import { hasColour, harmless, painter } from './output/colour.ts'

/** One sentence of what is wrong, then what to do; the exit code. A fault of ours is thrown on. */
export const complain = (
  error: unknown,
  io: Pick<Io, 'err' | 'env' | 'isTerminal'>,
  isPlain = false,
): number => {
  if (!(error instanceof Failure)) throw error
  const paint = painter(hasColour(io, isPlain, 'stderr'))
  io.err(`${paint('red', 'shiplog:')} ${harmless(error.message)}\n`)
  if (error.advice !== null) io.err(`${paint('dim', 'try:')} ${harmless(error.advice)}\n`)
  return error.exitCode
}
