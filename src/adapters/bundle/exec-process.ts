import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { checkedArgs, checkedEnvironment, mergedEnvironment } from '../../domain/bundle/environment.ts'
import { ociProcessJson } from '../../domain/bundle/oci-config.ts'
import type { OciConfig } from '../../domain/bundle/oci-config.ts'
import { workingDirectory } from '../../domain/bundle/working-directory.ts'
import type { ConsoleSize } from '../../domain/kernel/container-options.ts'
import type { EffectFailure } from '../../domain/kernel/problem.ts'
import { findUser } from './passwd.ts'
import { invalid } from './refused.ts'

export type ExecProcess = Readonly<{
  args: ReadonlyArray<string>
  environment: ReadonlyArray<string>
  user: string | null
  workingDir: string | null
  terminal: boolean
  consoleSize: ConsoleSize | null
}>

/**
 * The `process` of a further process in a container (OCI runtime specification, config.md "process"), as JSON: the
 * container's own, but for what was asked. A user that is named is looked up in the container's files only; another
 * user than root has no capabilities beyond those that the container's bounding set lets it gain.
 */
export const execProcess = (
  bundle: string,
  { args, environment, user, workingDir, terminal, consoleSize }: ExecProcess,
): E.Either<EffectFailure, string> => {
  const { process, hostname } = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as OciConfig
  const checked = checkedArgs(args)
  if (E.isLeft(checked)) return invalid('bad-option', checked.left)
  const values = checkedEnvironment(environment, 'environment')
  if (E.isLeft(values)) return invalid('bad-environment', values.left)
  const found = user === null ? E.right(process.user) : findUser(join(bundle, 'rootfs'), user)
  if (E.isLeft(found)) return found
  const cwd = workingDirectory(workingDir, process.cwd)
  if (E.isLeft(cwd)) return invalid('bad-working-dir', cwd.left)

  const { consoleSize: _, capabilities, ...rest } = process
  const isRoot = found.right.uid === 0
  const spec = {
    ...rest,
    terminal,
    ...(consoleSize === null
      ? {}
      : { consoleSize: { height: consoleSize.rows, width: consoleSize.columns } }),
    args,
    env: mergedEnvironment(process.env, values.right, { hostname, terminal }),
    cwd: cwd.right,
    user: found.right,
    capabilities: isRoot ? capabilities : { ...capabilities, effective: [], permitted: [] },
  }
  return E.right(ociProcessJson(spec))
}
