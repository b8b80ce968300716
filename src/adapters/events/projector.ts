import { setTimeout as sleep } from 'node:timers/promises'
import type { DomainEvent } from '../../domain/events/catalogue.ts'
import type { EventStore, Position, Recorded } from '../../domain/kernel/store.ts'
import type { Projection, Writer } from '../../projections/projection.ts'
import { failpoint } from '../host/failpoint.ts'
import type { Report } from './reactor.ts'
import { mayPass } from './sqlite.ts'

/** Where the tables of projections are kept. */
export type ReadModels = Writer &
  Readonly<{
    /** All of the body or nothing; within another one, it can fail by itself. */
    transaction: <A>(body: () => A) => A
    /** Makes the tables of a projection that is new or has another version, and says how far it has read. */
    prepare: (projection: Projection) => Position
    advance: (name: string, position: Position) => void
  }>

export type Projector = Readonly<{
  /** Until the signal fires, or the log cannot be read. */
  run: (signal: AbortSignal) => Promise<void>
  /** True once every projection that goes on has seen the position, false when it takes longer than that. */
  waitFor: (position: Position, timeoutMs: number) => Promise<boolean>
  /** How far the furthest behind has read; where all have stopped, how far the last of them had. */
  position: () => Position
  /** Names of those that stopped, with the reason. */
  stopped: () => ReadonlyMap<string, Error>
  /** How far one of them has read; null where it stopped, or where there is none of that name. */
  positionOf: (name: string) => Position | null
  /**
   * Goes on with rows that were made elsewhere: `adopt` puts them in the place of those that were there, in the
   * transaction that moves the checkpoint to where they were made up to. One that had stopped goes on.
   */
  replace: (name: string, position: Position, adopt: (projection: Projection) => void) => void
}>

type Dependencies = Readonly<{
  store: Pick<EventStore<DomainEvent>, 'follow'>
  models: ReadModels
  projections: ReadonlyArray<Projection>
  report: Report
}>

/** Projections that stand at one position and read on together. */
type Group = { position: Position; readonly members: Set<Projection> }

const retryAfterMs = 500

/** Behind, a transaction is this many events: a page that several of them change is written once. */
const gatheredAtMost = 5_000

/**
 * Brings read models up to date with the log and keeps them so.
 *
 * Projections at the same position share one follower; one that is made anew has its own, so that the others need not
 * wait for it. Rows and checkpoint of a batch are one transaction, done before the next batch is asked for. A
 * projection that throws is set back to the beginning of the batch and stops, until it is replaced or the daemon is
 * started again; the others go on. A full disk stops nobody: the batch is tried again.
 */
export const projector = ({ store, models, projections, report }: Dependencies): Projector => {
  const groups = new Set<Group>()
  const at = (position: Position): Group => {
    const group = { position, members: new Set<Projection>() }
    groups.add(group)
    return group
  }
  for (const projection of projections) {
    const position = models.prepare(projection)
    const group = [...groups].find(group => group.position === position) ?? at(position)
    group.members.add(projection)
  }

  const stopped = new Map<string, Error>()
  const waiting = new Set<Readonly<{ position: Position; seen: () => void }>>()

  /** Infinity where none goes on: then there is none to wait for. */
  const reachedByAll = () =>
    [...groups]
      .filter(({ members }) => members.size > 0)
      .reduce((least, group) => Math.min(least, group.position), Number.POSITIVE_INFINITY)

  let lastStop: Position = 0
  const position = () => {
    const reached = reachedByAll()
    return Number.isFinite(reached) ? reached : lastStop
  }

  const stop = (group: Group, projection: Projection, error: Error, reached: Position) => {
    group.members.delete(projection)
    lastStop = Math.max(lastStop, reached)
    stopped.set(projection.name, error)
    report(`projection ${projection.name}`, 1, error)
  }

  const project = (group: Group, events: ReadonlyArray<Recorded<DomainEvent>>, upTo: Position) => {
    const failed = models.transaction(() => {
      const failed = new Map<Projection, Error>()
      for (const projection of group.members) {
        const error = applied(models, projection, events)
        if (error === null) models.advance(projection.name, upTo)
        else failed.set(projection, error)
      }
      failpoint('read models written')
      return failed
    })
    failpoint('read models kept')
    const reached = group.position
    group.position = upTo
    for (const [projection, error] of failed) stop(group, projection, error, reached)

    if (waiting.size === 0) return
    const seen = reachedByAll()
    for (const waiter of waiting) if (waiter.position <= seen) waiter.seen()
  }

  /** A full disk passes; until then the batch waits. */
  const projectPatiently = async (
    group: Group,
    events: ReadonlyArray<Recorded<DomainEvent>>,
    upTo: Position,
    signal: AbortSignal,
  ) => {
    for (let attempt = 1; !signal.aborted; attempt++)
      try {
        return project(group, events, upTo)
      } catch (error) {
        if (!mayPass(error)) throw error
        report('projections', attempt, error)
        await sleep(retryAfterMs, undefined, { signal }).catch(() => {})
      }
  }

  const keepUp = async (group: Group, signal: AbortSignal) => {
    let gathered: Array<Recorded<DomainEvent>> = []
    let isLive = false
    // All categories, so that the position moves with every event and one may wait for any.
    for await (const told of store.follow({ categories: null }, group.position, signal)) {
      if (told.kind === 'caught-up') isLive = true
      else gathered.push(...told.events)
      if (!isLive && gathered.length < gatheredAtMost) continue
      const events = gathered
      gathered = []
      await projectPatiently(group, events, told.position, signal)
      if (!groups.has(group)) return
    }
  }

  /** Whoever joins while it runs is kept up like the others, and breaks it like the others. */
  let join: (group: Group) => void = () => {}

  return {
    run: signal => {
      const ended = Promise.withResolvers<void>()
      let going = 0
      join = group => {
        going += 1
        keepUp(group, signal).then(() => {
          going -= 1
          if (going === 0) ended.resolve()
        }, ended.reject)
      }
      for (const group of groups) join(group)
      return ended.promise
    },

    waitFor: (wanted, timeoutMs) => {
      if (reachedByAll() >= wanted) return Promise.resolve(true)
      return new Promise(resolve => {
        const settle = (isSeen: boolean) => {
          clearTimeout(timer)
          waiting.delete(waiter)
          resolve(isSeen)
        }
        const waiter = { position: wanted, seen: () => settle(true) }
        const timer = setTimeout(() => settle(false), timeoutMs)
        waiting.add(waiter)
      })
    },

    position,
    stopped: () => stopped,

    positionOf: name =>
      [...groups].find(({ members }) => [...members].some(member => member.name === name))?.position ?? null,

    replace: (name, position, adopt) => {
      const projection = projections.find(each => each.name === name)
      if (projection === undefined) throw new Error(`there is no projection ${name}`)
      models.transaction(() => {
        adopt(projection)
        models.advance(name, position)
      })
      for (const group of groups) {
        group.members.delete(projection)
        // Nobody is left for it to keep up: it goes with the next batch.
        if (group.members.size === 0) groups.delete(group)
      }
      stopped.delete(name)
      const group = at(position)
      group.members.add(projection)
      join(group)
    },
  }
}

type Rule = (db: Writer, recorded: Recorded<DomainEvent>) => void

/** Null when all went well; otherwise nothing of it is left, and the error names projection, event and position. */
export const applied = (
  models: Pick<ReadModels, 'run' | 'all' | 'get' | 'transaction'>,
  { name, categories, when, always }: Projection,
  events: ReadonlyArray<Recorded<DomainEvent>>,
): Error | null => {
  const isWanted = ({ event, stream }: Recorded<DomainEvent>) =>
    (always !== undefined || when[event.type] !== undefined) &&
    (categories === null || categories.some(category => stream.startsWith(`${category}-`)))
  const wanted = events.filter(isWanted)
  if (wanted.length === 0) return null

  let current = wanted[0] as Recorded<DomainEvent>
  try {
    models.transaction(() => {
      for (current of wanted) {
        const rule = when[current.event.type] as Rule | undefined
        rule?.(models, current)
        always?.(models, current)
      }
    })
    return null
  } catch (error) {
    if (mayPass(error)) throw error
    return new Error(
      `projection ${name} stopped at event ${current.id} (${current.event.type}), position ${current.position}: ${(error as Error).message}`,
      { cause: error },
    )
  }
}
