import * as E from 'fp-ts/lib/Either.js'
import { ConsoleSize } from '../domain/kernel/container-options.ts'
import type { InvalidRequest } from '../domain/kernel/decode.ts'
import { checked } from './body.ts'

/** winsize has 16 bits for each (ioctl_tty(2)). */
const MOST = 65_535

const isSide = (n: number) => Number.isInteger(n) && n >= 1 && n <= MOST

/** A size that a terminal can have, or none. */
export const checkedSize = <Size extends ConsoleSize | null>(size: Size): E.Either<InvalidRequest, Size> =>
  size === null || (isSide(size.rows) && isSide(size.columns))
    ? E.right(size)
    : E.left({
        reason: 'invalid-request',
        errors: [`console size ${size.rows}x${size.columns} is not between 1x1 and ${MOST}x${MOST}`],
      })

export const readSize = (body: unknown): E.Either<InvalidRequest, ConsoleSize> => {
  const size = checked(ConsoleSize)(body)
  return E.isLeft(size) ? size : checkedSize(size.right)
}
