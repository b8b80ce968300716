import type { Container } from '../client/answers.ts'
import type { Session } from '../io.ts'
import { ago } from '../output/age.ts'
import { person } from '../output/people.ts'

/** What is said of a removed container besides the answer: that it is removed, when and by whom. */
export const sayRemoved = (session: Session, container: Container): void => {
  if (container.removedAt === null || container.removedAt === undefined) return
  const when = ago(container.removedAt, session.now())
  session.err(
    `${container.name} (${container.id.slice(0, 12)}) was removed ${when} by ${person(container.removedBy)}\n`,
  )
}
