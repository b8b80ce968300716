import type { EffectFailure } from '../../domain/kernel/problem.ts'
import { shortages } from '../host/shortage.ts'

/** What can be wrong with a layer itself. None of it will be better next time. */
export type LayerProblem =
  | 'diff-id-mismatch'
  | 'path-escapes-root'
  | 'unsupported-entry'
  | 'corrupt-archive'
  | 'too-large'

/** Thrown within a worker, where a layer is hostile or broken; it leaves the worker as an EffectFailure. */
export class LayerRefused extends Error {
  readonly problem: LayerProblem

  constructor(problem: LayerProblem, cause: string) {
    super(cause)
    this.problem = problem
  }
}

/** A name as a person can read it: UTF-8 where it is, and not longer than a line. */
export const shown = (name: string) => JSON.stringify(Buffer.from(name, 'latin1').toString().slice(0, 200))

/** Every exception, as the failure it means. `subject` is what was being done, for the person who reads it. */
export const failureOf = (error: unknown, subject: string): EffectFailure => {
  const { message, code = '' } = error as Error & { code?: string }
  const cause = `${subject}: ${message.slice(0, LONGEST)}`
  if (error instanceof LayerRefused) return { reason: 'refused', problem: error.problem, cause }
  const problem = passing[code]
  if (problem !== undefined) return { reason: 'unavailable', problem, cause }
  if (asked.has(code)) return { reason: 'refused', problem: 'unsupported-entry', cause }
  return { reason: 'unavailable', problem: 'io-error', cause }
}

/** Messages name paths, and an archive can make those as long as it likes. */
const LONGEST = 1000

const passing: Readonly<Record<string, string>> = {
  ...shortages,
  ENOMEM: 'no-memory',
  Z_MEM_ERROR: 'no-memory',
}

/** The file system will not have it, however often it is asked: names too long, devices in a user namespace, … */
const asked: ReadonlySet<string> = new Set([
  'ENAMETOOLONG',
  'EINVAL',
  'ELOOP',
  'ENOTDIR',
  'EISDIR',
  'EPERM',
  'EFBIG',
  'EOVERFLOW',
  'EMLINK',
  'ENOTSUP',
  'EOPNOTSUPP',
  'E2BIG',
])
