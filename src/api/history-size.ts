import * as E from 'fp-ts/lib/Either.js'
import type { InvalidRequest } from '../domain/kernel/decode.ts'

/**
 * The largest command, in bytes of JSON, that is recorded. A log takes 1 MiB in one append, and what follows from a
 * command repeats it with something added (a container's bundle has its mounts besides): that has to fit as well.
 */
const LARGEST = 960 * 1024

/** A command that the history can take, with all that follows from it. */
export const fitting = <Command>(command: Command): E.Either<InvalidRequest, Command> => {
  const size = Buffer.byteLength(JSON.stringify(command))
  return size <= LARGEST
    ? E.right(command)
    : E.left({
        reason: 'invalid-request',
        errors: [`with what the image says it is ${size} bytes, and the history takes ${LARGEST} at most`],
      })
}
