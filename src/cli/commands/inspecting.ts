import type { Container, Image } from '../client/answers.ts'
import { daemonFor, namePath, segment } from '../client/daemon.ts'
import type { Daemon } from '../client/daemon.ts'
import { complain } from '../complain.ts'
import { Failure, Refused, UsageError } from '../failure.ts'
import type { Session } from '../io.ts'
import { containerView, imageView } from '../output/inspect-view.ts'
import { formatOf } from '../output/list.ts'
import type { FormatFlags } from '../output/list.ts'
import { sayRemoved } from './removed.ts'

export type InspectFlags = FormatFlags &
  Readonly<{
    type?: 'container' | 'image'
    at?: string
  }>

type Found = Readonly<{ kind: 'container'; object: Container }> | Readonly<{ kind: 'image'; object: Image }>

/** The container of that name, else the image: both are asked for in one go. */
export const find = async (daemon: Daemon, name: string, { type, at }: InspectFlags): Promise<Found> => {
  const container = type === 'image' ? null : daemon.get<Container>(`/v1/containers/${segment(name)}`, { at })
  const image = type === 'container' ? null : daemon.get<Image>(`/v1/images/${namePath(name)}`, { at })
  const [first, second] = await Promise.allSettled([container, image])
  if (first.status === 'fulfilled' && first.value !== null) return { kind: 'container', object: first.value }
  if (second.status === 'fulfilled' && second.value !== null) return { kind: 'image', object: second.value }
  const reasons = [first, second].flatMap(result =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  )
  // Anything but that there is none (an ambiguous prefix, a moment that is gone) is what the person wants to know.
  const telling = reasons.find(reason => !(reason instanceof Refused && isNotFound(reason)))
  if (telling !== undefined) throw telling
  if (reasons.length === 1) throw reasons[0]
  throw new Failure(`there is no container or image ${name}`, 'shiplog ps -a --removed, or shiplog images')
}

const isNotFound = ({ problem }: Refused) =>
  (problem.status === 404 && problem.reason !== 'moment-not-found') || problem.reason === 'invalid-reference'

/** A template that does not fit what it is about is no wrong usage for docker, but a failure. */
const asDocker = (error: unknown): unknown =>
  error instanceof UsageError ? new Failure(error.message, error.advice, 1) : error

export const inspect = async (
  session: Session,
  flags: InspectFlags,
  names: ReadonlyArray<string>,
): Promise<number> => {
  const format = formatOf(flags)
  const daemon = daemonFor(session)
  let exitCode = 0
  for (const result of await Promise.allSettled(names.map(name => find(daemon, name, flags)))) {
    if (result.status === 'rejected') {
      exitCode = complain(result.reason, session)
      continue
    }
    const { kind, object } = result.value
    if (kind === 'container') sayRemoved(session, object)
    if (format === 'people') session.out(`${JSON.stringify(object, null, 2)}\n`)
    else if (format === 'json') session.out(`${JSON.stringify(object)}\n`)
    else
      try {
        session.out(format.render([kind === 'container' ? containerView(object) : imageView(object)]))
      } catch (error) {
        exitCode = complain(asDocker(error), session)
      }
  }
  return exitCode
}
