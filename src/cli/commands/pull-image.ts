import type { Operation } from '../client/answers.ts'
import { newKey } from '../client/daemon.ts'
import type { Daemon } from '../client/daemon.ts'
import { serverSentEvents } from '../client/server-sent-events.ts'
import type { Session } from '../io.ts'
import { progressView } from '../output/progress.ts'
import type { Progress } from '../output/progress.ts'
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
  const body = { reference, ...(platform === undefined ? {} : { platform }) }
  const view = progressView(session, quiet)
  view.begin(reference)

  const watching = quiet ? null : daemon.another()
  const kept: Array<Progress> = []
  let pull: string | null = null
  const watch = async () => {
    if (watching === null) return
    const { body: events } = await watching.open('/v1/progress', {}, { accept: 'text/event-stream' })
    for await (const { data } of serverSentEvents(events)) {
      const progress = JSON.parse(data) as Progress
      if (pull === null) kept.push(progress)
      else if (progress.pull === pull) view.show(progress)
    }
  }
  // Without progress there is still the result.
  watch().catch(() => {})

  try {
    const auth = await registryAuth(reference, session.env)
    const options = { key, ...(auth === null ? {} : { registryAuth: auth }) }
    const asked = await daemon.command('pull-image', body, { ...options, wait: false })
    pull = asked.subject.id
    for (const progress of kept.splice(0)) if (progress.pull === pull) view.show(progress)
    const operation = asked.status === 'running' ? await daemon.command('pull-image', body, options) : asked
    view.end()
    return operation
  } catch (error) {
    view.end()
    throw error
  } finally {
    watching?.close()
  }
}

/** What came of a pull, from its facts. */
export const pulled = (
  operation: Operation,
  reference: string,
): Readonly<{ name: string; digest: string | null; isNew: boolean }> => {
  const fact = operation.events.find(event => event.type === 'ImagePulled')?.data
  const outcome = operation.outcome ?? {}
  const manifest = (outcome['manifest'] ?? fact?.['manifest']) as
    | string
    | Readonly<{ digest: string }>
    | undefined
  return {
    name: String(outcome['name'] ?? fact?.['name'] ?? operation.subject.name ?? reference),
    digest: typeof manifest === 'string' ? manifest : (manifest?.digest ?? null),
    isNew: operation.events.some(
      event => event.type === 'ContentCommitted' || event.type === 'SnapshotPrepared',
    ),
  }
}
