import { malformed, parsed } from './flag.ts'
import type { Parsed } from './flag.ts'

type Image = Readonly<{ entrypoint: ReadonlyArray<string> | null; cmd: ReadonlyArray<string> | null }>

/** `entrypoint` null: the image's. `args`: what follows the image's name on the command line. */
type Asked = Readonly<{ entrypoint: ReadonlyArray<string> | null; args: ReadonlyArray<string> }>

/**
 * What is run, as docker resolves it: arguments take the place of the image's command; an entrypoint takes the place
 * of the image's entrypoint and of its command. `['']` (`--entrypoint ""`) is no entrypoint and no command either,
 * `[]` (only the API can say it) no entrypoint, but the image's command.
 */
export const processArgs = (image: Image, { entrypoint, args }: Asked): Parsed<ReadonlyArray<string>> => {
  const keepsCommand = entrypoint === null || entrypoint.length === 0
  const command = args.length === 0 && keepsCommand ? (image.cmd ?? []) : args
  const first = entrypoint ?? image.entrypoint ?? []
  const isCleared = first.length === 1 && first[0] === ''
  const resolved = [...(isCleared ? [] : first), ...command]
  return resolved.length === 0
    ? malformed('no command: the image has none, and none was given')
    : parsed(resolved)
}
