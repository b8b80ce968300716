import type { EffectFailure } from '../../domain/kernel/problem.ts'

export type LaunchFailure = EffectFailure & Readonly<{ exitCode?: number }>

/** runc: `exec: "x": executable file not found in $PATH`, `exec: "/x": stat /x: no such file …`; then crun's words. */
const notFound =
  /exec: ".*": (?:executable file not found|(?:stat .*: )?(?:no such file or directory|not a directory))|executable file `.*` not found|open executable: no such file/i
const notExecutable =
  /exec: ".*": (?:stat .*: )?(?:permission denied|is a directory|exec format error)|exec format error|open executable: permission denied/i
/** runc, then crun. */
const noDirectory = /chdir to cwd \(.*\) set in config.json failed|chdir to `.*`|cannot chdir/i
const notRunning =
  /cannot exec in a (?:stopped|paused)? ?container|container .*(?:does not exist|is not running|not running)/i
/** The host is short of something, and may not be for long. */
const passing =
  /no space left on device|resource temporarily unavailable|cannot allocate memory|too many open files/i

/**
 * What the runtime's words mean. They are read here, once, and nowhere else: from here on there is a `problem` and an
 * exit code (docker's: 127 not found, 126 cannot be executed, 128 all else).
 */
export const launchFailure = (message: string): LaunchFailure => {
  const cause = lastWords(message)
  if (notFound.test(cause)) return { reason: 'refused', problem: 'command-not-found', cause, exitCode: 127 }
  if (notExecutable.test(cause))
    return { reason: 'refused', problem: 'command-not-executable', cause, exitCode: 126 }
  if (noDirectory.test(cause)) return { reason: 'refused', problem: 'bad-working-dir', cause, exitCode: 126 }
  if (notRunning.test(cause)) return { reason: 'refused', problem: 'not-running', cause, exitCode: 126 }
  const reason = passing.test(cause) ? 'unavailable' : 'refused'
  return { reason, problem: 'runtime-failed', cause, exitCode: 128 }
}

/** runc says the same thing in several lines, as text or JSON, one for each of its processes; the last one is its own. */
const lastWords = (message: string): string => {
  const lines = message
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
  const errors = lines.filter(line => /error|fail/i.test(line))
  const line = errors.at(-1) ?? lines.at(-1) ?? 'the runtime said nothing'
  const said = /level=error msg="((?:[^"\\]|\\.)*)"/.exec(line)?.[1]?.replaceAll('\\"', '"') ?? line
  return said.slice(0, 1000)
}
