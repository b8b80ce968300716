import * as O from 'fp-ts/lib/Option.js'
import { pipe } from 'fp-ts/lib/function.js'
import { parseSignal, SIGTERM } from '../kernel/signals.ts'

/** The signal that asks a container to stop: what was asked for, else the image's, else SIGTERM. */
export const stopSignal = (asked: number | null, image: string | null): number =>
  asked ??
  pipe(
    O.fromNullable(image),
    O.flatMap(parseSignal),
    O.getOrElse(() => SIGTERM),
  )
