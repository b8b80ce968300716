import type { EffectFailure } from '../../domain/kernel/problem.ts'

export type LaunchFailure = EffectFailure & Readonly<{ exitCode?: number }>

const notFound = /executable file not found|no such file or directory|cannot find .* in \$PATH/i
const notExecutable = /permission denied|exec format error|is a directory/i

/**
 * What the runtime's words mean. They are read here, once, and nowhere else: from here on there is a `problem` and an
 * exit code (docker's: 127 not found, 126 cannot be executed, 128 all else).
 */
export const launchFailure = (message: string): LaunchFailure => {
  const cause = lastWords(message)
  const aboutTheCommand = /exec: |exec user process|unable to start container process/i.test(message)
  if (aboutTheCommand && notFound.test(cause))
    return { reason: 'refused', problem: 'command-not-found', cause, exitCode: 127 }
  if (aboutTheCommand && notExecutable.test(cause))
    return { reason: 'refused', problem: 'command-not-executable', cause, exitCode: 126 }
  return { reason: 'refused', problem: 'runtime-failed', cause, exitCode: 128 }
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
