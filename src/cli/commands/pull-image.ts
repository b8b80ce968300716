import type { Operation, RecordedEvent } from '../client/answers.ts'
import { newKey, segment } from '../client/daemon.ts'
import type { Daemon } from '../client/daemon.ts'
import { serverSentEvents } from '../client/server-sent-events.ts'
import type { Session } from '../io.ts'
import { progressView } from '../output/progress.ts'
import type { Progress, ProgressView } from '../output/progress.ts'
import { registryAuth } from './registry-auth.ts'

export type PullOptions = Readonly<{ platform?: string | undefined; quiet?: boolean | undefined }>

/** Has an image fetched, and shows how far that is on stderr. What is shown is live; what counts is the operation. */
export const pullImage = async (
  session: Session,
  daemon: Daemon,
  reference: string,
  { platform, quiet = false }: PullOptions,
): Promise<Operation> => {
  const key = newKey()
  const view = progressView(session, quiet)
  view.begin(reference)
  const stopWatching = quiet ? () => {} : watchLayers(daemon, key, view)
  try {
    const auth = await registryAuth(reference, session.env)
    const operation = await daemon.command(
      'pull-image',
      { reference, ...(platform === undefined ? {} : { platform }) },
      { key, ...(auth === null ? {} : { registryAuth: auth }) },
    )
    for (const progress of outcomes(operation)) view.show(progress)
    return operation
  } finally {
    stopWatching()
    view.end()
  }
}

type Layer = Readonly<{ digest: string; size: number }>

const layersIn = (events: ReadonlyArray<RecordedEvent>): ReadonlyArray<Layer> => {
  const resolved = events.find(({ type }) => type === 'ManifestResolved')
  const layers = (resolved?.data['layers'] ?? []) as ReadonlyArray<Readonly<{ blob: Layer }>>
  return layers.map(({ blob }) => blob)
}

/** What became of each layer: fetched now, or here already. */
const outcomes = ({ events }: Operation): ReadonlyArray<Progress> => {
  const stored = new Set(
    events.filter(({ type }) => type === 'BlobStored').map(({ data }) => (data['blob'] as Layer).digest),
  )
  return layersIn(events).map(({ digest, size }) => ({
    digest,
    phase: stored.has(digest) ? 'done' : 'exists',
    bytes: size,
    total: size,
  }))
}

/**
 * Shows the progress of the layers of one pull: the daemon tells of all that it fetches, and the operation says which
 * of it is ours. Without progress there is still the result: what fails here, fails silently.
 */
const watchLayers = (daemon: Daemon, key: string, view: ProgressView): (() => void) => {
  const watching = daemon.another()
  const asking = daemon.another()
  const kept = new Map<string, Progress>()
  let layers: ReadonlyMap<string, Layer> | null = null
  let isAsking = false

  const show = (progress: Progress) => {
    const layer = layers?.get(progress.digest)
    if (layer !== undefined) view.show({ ...progress, total: progress.total ?? layer.size })
  }

  const learn = async () => {
    isAsking = true
    const { events } = await asking.get<Operation>(`/v1/operations/${segment(key)}`)
    const found = layersIn(events)
    isAsking = false
    if (found.length === 0) return
    layers = new Map(found.map(layer => [layer.digest, layer]))
    for (const progress of kept.values()) show(progress)
  }

  const watch = async () => {
    const { body } = await watching.open('/v1/progress', {}, { accept: 'text/event-stream' })
    for await (const { data } of serverSentEvents(body)) {
      const progress = JSON.parse(data) as Progress
      if (layers === null) kept.set(`${progress.digest} ${progress.phase}`, progress)
      else show(progress)
      if (layers === null && !isAsking)
        learn().catch(() => {
          isAsking = false
        })
    }
  }
  watch().catch(() => {})
  return () => {
    watching.close()
    asking.close()
  }
}

/** What came of a pull. */
export const pulled = (
  { outcome, subject }: Operation,
  reference: string,
): Readonly<{ name: string; digest: string | null }> => {
  const manifest = outcome?.['manifest'] as Readonly<{ digest: string }> | undefined
  return { name: String(outcome?.['name'] ?? subject.name ?? reference), digest: manifest?.digest ?? null }
}
