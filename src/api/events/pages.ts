import { setImmediate as nextTurn } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import type { DomainEvent } from '../../domain/events/catalogue.ts'
import type { Position, Recorded } from '../../domain/kernel/store.ts'
import type { Engine } from '../engine.ts'
import type { ApiError } from '../problem.ts'
import type { EventQuery } from './filter.ts'

/** How much of the log is looked at in one go. Between two goes others have their turn. */
const PAGE = 1000

type Page = Readonly<{ items: ReadonlyArray<Recorded<DomainEvent>>; next: Position | null }>

/** The next events that pass, and where to go on; null: there are no more. */
export const pageOf = async (
  { log }: Pick<Engine, 'log'>,
  { after, before, limit, order, categories, wanted, isSelective }: EventQuery,
): Promise<E.Either<ApiError, Page>> => {
  const items: Array<Recorded<DomainEvent>> = []
  const isForwards = order === 'forwards'
  // One more than is wanted tells whether there are more.
  const size = isSelective ? PAGE : limit + 1
  let from = isForwards ? after : before
  for (;;) {
    const page = await log.read({ from, direction: order, limit: size, categories })()
    if (E.isLeft(page)) return page
    for (const recorded of page.right) {
      const { position } = recorded
      if (isForwards ? position >= before : position <= after) return E.right({ items, next: null })
      from = position
      if (!wanted(recorded)) continue
      if (items.length === limit) return E.right({ items, next: items.at(-1)?.position ?? null })
      items.push(recorded)
    }
    if (page.right.length < size) return E.right({ items, next: null })
    await nextTurn()
  }
}

/** Shows every event of some categories, oldest first. */
export const everyEvent = async (
  { log }: Pick<Engine, 'log'>,
  categories: ReadonlyArray<string>,
  see: (recorded: Recorded<DomainEvent>) => void,
): Promise<E.Either<ApiError, null>> => {
  let from = 0
  for (;;) {
    const page = await log.read({ from, direction: 'forwards', limit: PAGE, categories })()
    if (E.isLeft(page)) return page
    for (const recorded of page.right) see(recorded)
    if (page.right.length < PAGE) return E.right(null)
    from = page.right.at(-1)?.position ?? from
    await nextTurn()
  }
}
