import type { DomainEvent, DomainEventOf } from '../events/catalogue.ts'
import type { Failure } from '../kernel/failure.ts'

/** What a person can have done: each is one command of the API, and the operation that it begins. */
export const commandNames = [
  'pull-image',
  'tag-image',
  'remove-image',
  'create-container',
  'run-container',
  'start-container',
  'stop-container',
  'restart-container',
  'kill-container',
  'pause-container',
  'unpause-container',
  'rename-container',
  'remove-container',
  'exec-container',
] as const
export type CommandName = (typeof commandNames)[number]

/** Those that need room on the disk. The others end something, or change what is there already. */
export const needsRoom: ReadonlySet<CommandName> = new Set([
  'pull-image',
  'create-container',
  'run-container',
  'start-container',
  'exec-container',
])

/** What the end of a run means: of `run-container` and `start-container`, one may wait for either. */
export type Until = 'started' | 'exited'

export type Outcome = Readonly<Record<string, unknown>>

export type Standing =
  | Readonly<{ status: 'running' }>
  | Readonly<{ status: 'succeeded'; outcome: Outcome }>
  /** `problem` is the word that the API's problem is named by; `exitCode` what docker's command line would end with. */
  | Readonly<{ status: 'failed'; problem: string; failure: Failure; exitCode: number | null }>

/** An operation under way, as far as its subject's events tell of it. */
export type Story = Readonly<{
  command: CommandName
  until: Until
  /** What it asked for in particular, where others may ask for the like of the same subject at the same time. */
  asked: Readonly<{ signal: number; name: string }> | null
  standing: Standing
}>

/** The command that an operation began with, told by its first event; null: the engine began it by itself. */
export const commandOf = (first: DomainEvent): CommandName | null => {
  switch (first.type) {
    case 'ImagePullRequested':
      return 'pull-image'
    case 'ImageNamed':
      return 'tag-image'
    case 'ImageRemoveRequested':
      return 'remove-image'
    case 'ContainerCreateRequested':
      return first.start ? 'run-container' : 'create-container'
    case 'ContainerStartRequested':
      return 'start-container'
    case 'ContainerStopRequested':
      return first.restart ? 'restart-container' : 'stop-container'
    case 'ContainerSignalRequested':
      return 'kill-container'
    case 'ContainerPauseRequested':
      return 'pause-container'
    case 'ContainerUnpauseRequested':
      return 'unpause-container'
    case 'ContainerRenameRequested':
      return 'rename-container'
    case 'ContainerRemoveRequested':
      return 'remove-container'
    case 'ExecStartRequested':
      return 'exec-container'
    default:
      return null
  }
}

export const begin = (command: CommandName, until: Until = 'started'): Story => ({
  command,
  until,
  asked: null,
  standing: { status: 'running' },
})

/**
 * Tells a story the next event of its subject's stream, from the one that began it on. An end is final: what happens to
 * the subject later belongs to other operations.
 */
export const tell = (story: Story, event: DomainEvent): Story => {
  if (story.standing.status !== 'running') return story
  if (event.type === 'ContainerSignalRequested' && story.asked === null)
    return { ...story, asked: { signal: event.request, name: '' } }
  if (event.type === 'ContainerRenameRequested' && story.asked === null)
    return { ...story, asked: { signal: 0, name: event.name } }
  const standing = after(story, event)
  return standing === null ? story : { ...story, standing }
}

const succeeded = (outcome: Outcome): Standing => ({ status: 'succeeded', outcome })

const failed = (problem: string, failure: Failure, exitCode: number | null = null): Standing => ({
  status: 'failed',
  problem,
  failure,
  exitCode,
})

const failedBecause = (problem: string, cause: string) => failed(problem, { problem, cause })

/** docker's exit code where the engine, and not the container, is the reason. */
const ENGINE_FAILED = 125

/** Where an event leaves an operation; null: it is about something else. */
const after = (story: Story, event: DomainEvent): Standing | null => {
  switch (story.command) {
    case 'pull-image':
    case 'tag-image':
    case 'remove-image':
      return ofImage(event)
    case 'create-container':
      return ofCreation(event) ?? (event.type === 'ContainerCreated' ? created(event) : null)
    case 'run-container':
      return ofCreation(event) ?? ofStart(story, event)
    case 'start-container':
      return ofStart(story, event)
    case 'restart-container':
      // Whoever stops it while it is on its way down does not want it up again.
      return event.type === 'ContainerStopRequested' && !event.restart
        ? failedBecause(
            'container-not-running',
            `a stop of container ${event.container} overtook its restart`,
          )
        : ofStart(story, event)
    case 'stop-container':
      return isEnd(event) ? succeeded(endOutcome(event)) : ofRemoved(event)
    case 'kill-container':
      return ofSignal(story, event)
    case 'pause-container':
    case 'unpause-container':
      return ofPause(event)
    case 'rename-container':
      return ofRename(story, event)
    case 'remove-container':
      return event.type === 'ContainerRemoved' ? succeeded({ container: event.container }) : null
    case 'exec-container':
      return ofExec(event)
  }
}

/** What a registry can be the reason for; anything else that ends a pull happened here. */
const registryProblems: ReadonlyArray<string> = [
  'image-not-found',
  'platform-not-found',
  'registry-unauthorized',
  'registry-unreachable',
  'registry-refused',
  'registry-protocol',
  'digest-mismatch',
  'size-mismatch',
  'too-large',
]

const ofImage = (event: DomainEvent): Standing | null => {
  switch (event.type) {
    case 'ImagePulled':
      return succeeded({ name: event.name, manifest: event.manifest })
    case 'ImagePullFailed':
      return failed(
        registryProblems.includes(event.failure.problem) ? event.failure.problem : 'pull-failed',
        event.failure,
      )
    case 'ImageNamed':
      return succeeded({ name: event.name, manifest: event.target.manifest })
    case 'ImageRemoved':
      return succeeded({ name: event.name, blobs: event.blobs, snapshots: event.snapshots })
    default:
      return null
  }
}

const created = ({ container }: DomainEventOf<'ContainerCreated'>) => succeeded({ container })

const ofRemoved = (event: DomainEvent): Standing | null =>
  event.type === 'ContainerRemoved'
    ? failedBecause('container-removed', `container ${event.container} was removed meanwhile`)
    : null

const ofCreation = (event: DomainEvent): Standing | null => {
  if (event.type !== 'ContainerCreateFailed') return ofRemoved(event)
  const { failure } = event
  const problem =
    failure.problem === 'container-name-taken' ? 'container-name-taken' : 'container-create-failed'
  return failed(problem, failure, ENGINE_FAILED)
}

type End = DomainEventOf<'ContainerExited' | 'ContainerLost'>

const isEnd = (event: DomainEvent): event is End =>
  event.type === 'ContainerExited' || event.type === 'ContainerLost'

/** How a run ended, as an outcome: a code, or the reason why there is none. */
const endOutcome = (event: End): Outcome => {
  const { container } = event
  if (event.type === 'ContainerLost') return { container, lost: event.because }
  const { exitCode, signal, oomKilled, exitedAt } = event
  return { container, exitCode, signal, oomKilled, exitedAt }
}

const ofStart = ({ command, until }: Story, event: DomainEvent): Standing | null => {
  switch (event.type) {
    case 'ContainerStarted':
      return until === 'started' ? succeeded({ container: event.container, pid: event.pid }) : null
    case 'ContainerStartFailed':
      return failed('container-start-failed', event.failure, event.exitCode)
    case 'ContainerExited':
    case 'ContainerLost':
      // The end that a restart begins with. A run may also be over before anybody could say that it began.
      return command === 'restart-container' ? null : succeeded(endOutcome(event))
    default:
      return ofRemoved(event)
  }
}

const ofSignal = ({ asked }: Story, event: DomainEvent): Standing | null => {
  // What the signal ended is told by its end, which may be known before the sending is.
  if (isEnd(event)) return succeeded(endOutcome(event))
  if (event.type !== 'ContainerSignalled' && event.type !== 'ContainerSignalFailed') return null
  if (event.request !== asked?.signal) return null
  return event.type === 'ContainerSignalled'
    ? succeeded({ container: event.container, signal: event.signal })
    : failed('signal-failed', event.failure)
}

const ofPause = (event: DomainEvent): Standing | null => {
  switch (event.type) {
    case 'ContainerPaused':
    case 'ContainerUnpaused':
      return succeeded({ container: event.container })
    case 'ContainerPauseFailed':
    case 'ContainerUnpauseFailed':
      return failed('pause-failed', event.failure)
    default:
      return isEnd(event)
        ? failedBecause('container-not-running', `container ${event.container} ended meanwhile`)
        : null
  }
}

const ofRename = ({ asked }: Story, event: DomainEvent): Standing | null => {
  // Whoever joins a renaming that is under way has asked for nothing else.
  const isAsked = (name: string) => asked === null || name === asked.name
  if (event.type === 'ContainerRenamed' && isAsked(event.name))
    return succeeded({ container: event.container, name: event.name, previous: event.previous })
  if (event.type === 'ContainerRenameFailed' && isAsked(event.name))
    return failed('container-name-taken', event.failure)
  return ofRemoved(event)
}

const ofExec = (event: DomainEvent): Standing | null => {
  switch (event.type) {
    case 'ExecStarted':
      return succeeded({ exec: event.exec, container: event.container, pid: event.pid })
    case 'ExecStartFailed':
      return failed('exec-start-failed', event.failure, event.exitCode)
    case 'ExecExited':
      return succeeded({ exec: event.exec, container: event.container, exitCode: event.exitCode })
    case 'ExecLost':
      return failedBecause('exec-start-failed', `nobody saw what became of it: ${event.because}`)
    default:
      return null
  }
}

/** What an operation is about. */
export type Subject = Readonly<{
  kind: 'container' | 'image' | 'pull' | 'exec'
  id: string
  name?: string
}>

/** The subject that the first event of an operation names; null where it is no operation of a person's. */
export const subjectOf = (first: DomainEvent): Subject | null => {
  switch (first.type) {
    case 'ImagePullRequested':
      return { kind: 'pull', id: first.pull, name: first.name }
    case 'ImageNamed':
      return { kind: 'image', id: first.target.config.digest, name: first.name }
    case 'ImageRemoveRequested':
      return { kind: 'image', id: first.name, name: first.name }
    case 'ContainerCreateRequested':
      return { kind: 'container', id: first.container, name: first.name }
    case 'ExecStartRequested':
      return { kind: 'exec', id: first.exec }
    default:
      return commandOf(first) !== null && 'container' in first
        ? { kind: 'container', id: first.container }
        : null
  }
}
