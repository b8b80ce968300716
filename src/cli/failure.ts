/** What the daemon says when it will not (RFC 9457). `reason` is the word a program may decide on. */
export type Problem = Readonly<{
  reason: string
  status: number
  detail: string
  try?: string
  /** Of a process that could not be started: 125 to 128, as recorded. */
  exitCode?: number | null
}>

/**
 * Ends a command from wherever it is noticed; only `dispatch` catches it. `message` is one sentence, `advice` what to
 * do about it. 125: the engine said no, or cannot be asked.
 */
export class Failure extends Error {
  readonly exitCode: number
  readonly advice: string | null

  constructor(message: string, advice: string | null = null, exitCode = 125) {
    super(message)
    this.exitCode = exitCode
    this.advice = advice
  }
}

/** Wrong usage. */
export class UsageError extends Failure {
  constructor(message: string, advice: string | null = null) {
    super(message, advice, 2)
  }
}

/** What is refused because it was written wrongly, and not because of how things are. */
const wrongUsage: ReadonlyArray<string> = ['invalid-moment']

/** The engine said no. */
export class Refused extends Failure {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(
      problem.detail,
      problem.try ?? null,
      wrongUsage.includes(problem.reason) ? 2 : (problem.exitCode ?? 125),
    )
    this.problem = problem
  }
}
