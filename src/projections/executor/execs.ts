import type { Actor } from '../../domain/kernel/context.ts'
import type { Failure } from '../../domain/kernel/failure.ts'
import type { ContainerId, ExecId } from '../../domain/kernel/identifiers.ts'
import type { Projection, Reader, Writer } from '../projection.ts'
import { temporalTable } from '../temporal.ts'
import type { At } from '../temporal.ts'

/** A process that was started in a running container. */
export type ExecView = Readonly<{
  id: ExecId
  container: ContainerId
  namespace: string
  args: ReadonlyArray<string>
  user: string | null
  workingDir: string | null
  terminal: boolean
  stdin: boolean
  status: 'starting' | 'running' | 'start-failed' | 'exited' | 'lost'
  pid: number | null
  exitCode: number | null
  signal: number | null
  failure: Failure | null
  lost: string | null
  startedAt: string | null
  endedAt: string | null
  actor: Actor
  position: number
}>

const table = temporalTable<ExecView, { container: string; created: string }>('execs', {
  container: 'TEXT NOT NULL',
  created: 'INTEGER NOT NULL',
})

const change = (
  db: Writer,
  { position }: Readonly<{ position: number }>,
  exec: ExecId,
  changed: Partial<ExecView>,
) => {
  const before = table.get(db, exec)
  if (before === null) return
  const created =
    db.get('SELECT created FROM execs WHERE key = ? AND valid_to IS NULL', exec)?.['created'] ?? 0
  const doc = { ...before, ...changed, position }
  table.supersede(db, position, exec, { container: doc.container, created, doc })
}

export const execs: Projection = {
  name: 'execs',
  version: 1,
  categories: ['exec'],
  tables: { execs: table.past },
  schema: `${table.schema}
    CREATE INDEX execs_of ON execs (container, created) WHERE valid_to IS NULL;
  `,
  when: {
    ExecStartRequested: (db, { event, metadata, position }) => {
      const { exec: id, container, namespace, args, user, workingDir, terminal, stdin } = event
      table.supersede(db, position, id, {
        container,
        created: position,
        doc: {
          id,
          container,
          namespace,
          args,
          user,
          workingDir,
          terminal,
          stdin,
          status: 'starting',
          pid: null,
          exitCode: null,
          signal: null,
          failure: null,
          lost: null,
          startedAt: null,
          endedAt: null,
          actor: metadata.actor,
          position,
        },
      })
    },
    ExecStarted: (db, recorded) => {
      const { exec, pid } = recorded.event
      change(db, recorded, exec, { status: 'running', pid, startedAt: recorded.metadata.occurredAt })
    },
    ExecStartFailed: (db, recorded) => {
      const { exec, exitCode, failure } = recorded.event
      const endedAt = recorded.metadata.occurredAt
      change(db, recorded, exec, { status: 'start-failed', exitCode, failure, endedAt })
    },
    ExecExited: (db, recorded) => {
      const { exec, exitCode, signal, exitedAt } = recorded.event
      change(db, recorded, exec, { status: 'exited', exitCode, signal, endedAt: exitedAt })
    },
    ExecLost: (db, recorded) => {
      const { exec, because } = recorded.event
      change(db, recorded, exec, { status: 'lost', lost: because, endedAt: recorded.metadata.occurredAt })
    },
  },
}

export const execById =
  (db: Reader) =>
  (id: string, at: At): ExecView | null =>
    table.get(db, id, at)

export const execsOf =
  (db: Reader) =>
  (container: string, at: At): ReadonlyArray<ExecView> =>
    table.select(db, at, { where: 'container = ?', order: 'created' }, container)
