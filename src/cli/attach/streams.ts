import type { Readable } from 'node:stream'
import type { End } from '../client/answers.ts'
import type { Daemon, Query } from '../client/daemon.ts'
import { Failure, Refused } from '../failure.ts'
import type { Session } from '../io.ts'
import { detachDetector } from './detach-keys.ts'
import { demultiplexer } from './frames.ts'
import { followSize } from './terminal.ts'

export type Attachment = Readonly<{
  /** `/v1/containers/ID` or `/v1/execs/ID`. */
  path: string
  /** Which part of the output; all of it by default. */
  output: Query
  /** Ours is a terminal, and so is what the process has. */
  hasTerminal: boolean
  takesInput: boolean
  /** Null: no keys detach. */
  detachKeys: Uint8Array | null
}>

export type Outcome =
  | Readonly<{ is: 'ended'; end: End }>
  | Readonly<{ is: 'detached' }>
  | Readonly<{ is: 'unheard' }>

/**
 * Joins our streams to a process's until it has ended. Its output and its end are asked for in one go on the
 * connection that is there; input and the terminal's size go by connections of their own.
 */
export const attach = async (session: Session, daemon: Daemon, attachment: Attachment): Promise<Outcome> => {
  const { path, output, hasTerminal, takesInput } = attachment
  const flowing = daemon.open(`${path}/output`, { follow: true, ...output })
  const ended = daemon.get<End>(`${path}/wait`)
  ended.catch(() => {})

  const cleanUps: Array<() => void> = []
  if (hasTerminal) {
    if (takesInput) cleanUps.push(session.rawMode())
    cleanUps.push(followSize(session, daemon, path))
  }
  const detached = takesInput
    ? sendInput(session, daemon, attachment, cleanUps)
    : new Promise<never>(() => {})

  const unheard = new Promise<Outcome>(resolve => {
    cleanUps.push(session.onOutputClosed(() => resolve({ is: 'unheard' })))
  })

  const seen = async (): Promise<Outcome> => {
    const { body, headers } = await flowing
    const isRaw = headers['content-type']?.includes('raw-stream') === true
    await copyOutput(session, body, isRaw)
    return { is: 'ended', end: await ended }
  }
  try {
    return await Promise.race([seen(), detached, unheard])
  } catch (error) {
    if (!(error instanceof Failure) || error instanceof Refused) throw error
    throw new Failure(`${error.message}; what runs goes on without us`, 'shiplog ps')
  } finally {
    for (const cleanUp of cleanUps) cleanUp()
  }
}

/** Output to where it belongs: stdout and stderr apart, or a terminal's as it is. */
export const copyOutput = async (
  session: Pick<Session, 'out' | 'err' | 'drained'>,
  body: AsyncIterable<Buffer>,
  isRaw: boolean,
): Promise<void> => {
  const split = demultiplexer()
  for await (const chunk of body) {
    if (isRaw) session.out(chunk)
    else for (const { stream, data } of split(chunk)) (stream === 1 ? session.out : session.err)(data)
    await session.drained()
  }
}

/** Resolves when the detach keys were typed; otherwise never: the end of input is not the end of the process. */
const sendInput = (
  session: Session,
  daemon: Daemon,
  { path, hasTerminal, detachKeys }: Attachment,
  cleanUps: Array<() => void>,
): Promise<Outcome> => {
  const own = daemon.another()
  const upload = own.connection.upload({ method: 'POST', path: `${path}/input` })
  // A process that does not read its input, or has ended, may close it: that is no failure of ours.
  upload.response.catch(() => {})
  const stdin: Readable = session.stdin()
  cleanUps.push(() => {
    stdin.destroy()
    own.close()
  })
  const watch = hasTerminal && detachKeys !== null ? detachDetector(detachKeys) : null

  return new Promise<Outcome>((resolve, reject) => {
    const pump = async () => {
      for await (const chunk of stdin as AsyncIterable<Buffer>) {
        const { data, isDetached } = watch?.(chunk) ?? { data: chunk, isDetached: false }
        await upload.write(data)
        if (isDetached) {
          await upload.end()
          return resolve({ is: 'detached' })
        }
      }
      await upload.end()
    }
    pump().catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE' && error.name !== 'AbortError') reject(error)
    })
  })
}
