import type { DomainEvent } from '../../domain/events/catalogue.ts'
import type { Actor } from '../../domain/kernel/context.ts'
import { signalName } from '../../domain/kernel/signals.ts'
import type { Recorded } from '../../domain/kernel/store.ts'
import { eventJson } from './json.ts'

type Link = Readonly<{ event: ReturnType<typeof eventJson>; explanation: string; afterMs: number | null }>

/**
 * One sentence, and the events that led there, from the command and the person to the end. Those of earlier runs are
 * only told with `all`; `earlier` is how many they are.
 */
export const explain = (
  events: ReadonlyArray<Recorded<DomainEvent>>,
  all: boolean,
): Readonly<{ sentence: string; chain: ReadonlyArray<Link>; earlier: number }> => {
  const earlier = all ? 0 : beginOfLastRun(events)
  return { sentence: sentenceOf(events), chain: linksOf(events.slice(earlier)), earlier }
}

/** With the restart that it came of; the first run begins with the container. */
const beginOfLastRun = (events: Past): number => {
  const start = events.findLastIndex(({ event }) => event.type === 'ContainerStartRequested')
  const request = events[start]?.event
  if (request?.type !== 'ContainerStartRequested' || request.run === 1) return 0
  const previous = events.findLastIndex(
    ({ event }, i) => i < start && event.type === 'ContainerStartRequested',
  )
  const restart = events.findLastIndex(
    ({ event }, i) => i > previous && i < start && event.type === 'ContainerStopRequested' && event.restart,
  )
  return restart === -1 ? start : restart
}

const linksOf = (events: Past): ReadonlyArray<Link> =>
  events.map((recorded, i) => {
    const before = events[i - 1]
    return {
      event: eventJson(recorded),
      explanation: explanationOf(recorded.event, recorded.metadata.actor),
      afterMs:
        before === undefined
          ? null
          : Date.parse(recorded.metadata.occurredAt) - Date.parse(before.metadata.occurredAt),
    }
  })

export const who = (actor: Actor): string =>
  actor.kind === 'system' ? `the policy ${actor.policy}` : (actor.user ?? `uid ${actor.uid}`)

const named = (signal: number) => signalName(signal) ?? `signal ${signal}`

type Past = ReadonlyArray<Recorded<DomainEvent>>

const sentenceOf = (events: Past): string => {
  const last = events.findLast(({ event }) =>
    [
      'ContainerExited',
      'ContainerLost',
      'ContainerStartFailed',
      'ContainerCreateFailed',
      'ContainerStarted',
      'ContainerStartRequested',
    ].includes(event.type),
  )
  if (last === undefined) return 'was created, and never started'
  const { event } = last
  const before = events.filter(({ position }) => position < last.position)
  switch (event.type) {
    case 'ContainerStarted':
      return `runs, as pid ${event.pid}`
    case 'ContainerStartRequested':
      return 'is being started'
    case 'ContainerCreateFailed':
      return `could not be created: ${event.failure.cause}`
    case 'ContainerStartFailed':
      return `could not be started (${event.exitCode}): ${event.failure.cause}`
    case 'ContainerLost':
      return event.because === 'host-restarted'
        ? 'was lost: the host went down while it ran, so there is no exit code'
        : 'was lost: its monitor died, so nobody saw how it ended and there is no exit code'
    case 'ContainerExited':
      return exitSentence(event, before)
    default:
      return 'is there'
  }
}

type Exited = Extract<DomainEvent, { type: 'ContainerExited' }>

const exitSentence = ({ exitCode, signal, oomKilled, observed }: Exited, before: Past): string => {
  const found = observed === 'after-restart' ? '; found when the daemon was back' : ''
  if (signal === null) {
    const stop = asked(before, 'ContainerStopRequested')
    const meaning = exitCode === 0 ? 'it ended by itself' : 'it ended by itself, with an error of its own'
    return `exited ${exitCode}: ${stop === null ? meaning : `after ${who(stop.metadata.actor)} asked it to stop`}${found}`
  }
  if (oomKilled) return `exited ${exitCode}: killed for want of memory (${named(signal)})${found}`
  return `exited ${exitCode}: killed by ${named(signal)}, ${reasonFor(signal, before)}, no OOM${found}`
}

const reasonFor = (signal: number, before: Past): string => {
  const started = before.findLastIndex(({ event }) => event.type === 'ContainerStarted')
  const run = before.slice(started + 1)
  const timedOut = run.some(({ event }) => event.type === 'ContainerStopTimedOut')
  const stop = asked(run, 'ContainerStopRequested')
  if (timedOut && stop !== null)
    return `because it did not stop in time when ${who(stop.metadata.actor)} asked it to`
  const removal = asked(run, 'ContainerRemoveRequested')
  if (removal !== null) return `because ${who(removal.metadata.actor)} removed it by force`
  const sent = run.findLast(
    ({ event }) => event.type === 'ContainerSignalRequested' && event.signal === signal,
  )
  if (sent !== undefined) return `which ${who(sent.metadata.actor)} sent through shiplog`
  if (stop !== null) return `because ${who(stop.metadata.actor)} asked it to stop`
  return 'not asked for through shiplog'
}

const asked = (events: Past, type: DomainEvent['type']) =>
  events.findLast(({ event }) => event.type === type) ?? null

const explanationOf = (event: DomainEvent, actor: Actor): string => {
  const by = who(actor)
  switch (event.type) {
    case 'ContainerCreateRequested':
      return `${by} asked for ${event.name} from ${event.image.name}: ${event.options.args.join(' ')}`
    case 'ContainerCreated':
      return 'its rootfs and bundle were ready'
    case 'ContainerCreateFailed':
      return `it could not be made: ${event.failure.cause}`
    case 'ContainerStartRequested':
      return `${by} had it started (run ${event.run})`
    case 'ContainerStarted':
      return `it ran, as pid ${event.pid}`
    case 'ContainerStartFailed':
      return `it could not be started: ${event.failure.cause}`
    case 'ContainerSignalRequested':
      return `${by} asked to send it ${named(event.signal)}`
    case 'ContainerSignalled':
      return `it was sent ${named(event.signal)}`
    case 'ContainerSignalFailed':
      return `${named(event.signal)} could not be sent: ${event.failure.cause}`
    case 'ContainerStopRequested':
      return `${by} asked it to ${event.restart ? 'restart' : 'stop'}: ${named(event.signal)}, ${
        event.timeout === null ? 'with all the time it needs' : `then SIGKILL after ${event.timeout} s`
      }`
    case 'ContainerStopTimedOut':
      return 'it had not stopped in time'
    case 'ContainerPauseRequested':
      return `${by} asked to pause it`
    case 'ContainerPaused':
      return 'it was paused'
    case 'ContainerUnpauseRequested':
      return `${by} asked to let it go on`
    case 'ContainerUnpaused':
      return 'it went on'
    case 'ContainerExited':
      return event.signal === null
        ? `it exited ${event.exitCode}`
        : `it was ended by ${named(event.signal)} (${event.exitCode})${event.oomKilled ? ', out of memory' : ''}`
    case 'ContainerLost':
      return 'nobody saw its end'
    case 'ContainerRenameRequested':
      return `${by} asked to rename it to ${event.name}`
    case 'ContainerRenamed':
      return `it was renamed from ${event.previous} to ${event.name}`
    case 'ContainerRemoveRequested':
      return `${by} asked to remove it${event.force ? ', by force' : ''}`
    case 'ContainerRemoved':
      return 'it was removed; its history stays'
    default:
      return event.type
  }
}
