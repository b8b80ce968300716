import type { Container } from '../client/answers.ts'
import { segment } from '../client/daemon.ts'
import type { Daemon } from '../client/daemon.ts'
import type { Session } from '../io.ts'
import { agoInSentence } from '../output/age.ts'
import { person } from '../output/people.ts'

/** The same, for an answer that does not have the container in it. It never fails: the answer itself does that. */
export const sayIfRemoved = (session: Session, daemon: Daemon, name: string): Promise<void> =>
  daemon.get<Container>(`/v1/containers/${segment(name)}`).then(
    container => sayRemoved(session, container),
    () => {},
  )

/** What is said of a removed container besides the answer: that it is removed, when and by whom. */
export const sayRemoved = (session: Session, container: Container): void => {
  if (container.removedAt === null || container.removedAt === undefined) return
  const when = agoInSentence(container.removedAt, session.now())
  session.err(
    `${container.name} (${container.id.slice(0, 12)}) was removed ${when} by ${person(container.removedBy)}\n`,
  )
}
