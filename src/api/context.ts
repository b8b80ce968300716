import * as E from 'fp-ts/lib/Either.js'
import type { FastifyRequest } from 'fastify'
import type { Actor, Context } from '../domain/kernel/context.ts'
import type { InvalidRequest } from '../domain/kernel/decode.ts'
import type { Engine } from './engine.ts'

/** Whoever asks over something that has no peer credentials is nobody in particular. */
const unknownPeer = { uid: -1, gid: -1, pid: -1, user: null }

const actorOf = ({ peerOf }: Pick<Engine, 'peerOf'>, request: FastifyRequest): Actor => ({
  kind: 'unix',
  ...(peerOf(request.raw.socket) ?? unknownPeer),
})

/** `Idempotency-Key`: a key that a client may give its command. It is the command's id, and the operation's. */
export const keyOf = ({ headers }: FastifyRequest): E.Either<InvalidRequest, string | null> => {
  const key = headers['idempotency-key']
  if (key === undefined) return E.right(null)
  return typeof key === 'string' && /^[\x21-\x7e]{1,128}$/.test(key)
    ? E.right(key)
    : E.left({
        reason: 'invalid-request',
        errors: ['Idempotency-Key: expected 1 to 128 printable characters without spaces'],
      })
}

/** Where a request's command comes from: a person's, so nothing caused it; its id is the operation's. */
export const contextOf = (engine: Pick<Engine, 'peerOf' | 'randomId'>, request: FastifyRequest): Context => {
  const key = request.headers['idempotency-key']
  const id = typeof key === 'string' ? key : engine.randomId()
  return { correlationId: id, causationId: null, commandId: id, actor: actorOf(engine, request) }
}

const LONGEST_WAIT_S = 3600

/** `Prefer: wait=30` (RFC 7240): how long the client is ready to wait, in milliseconds; 0 where it is not. */
export const waitOf = ({ headers: { prefer } }: FastifyRequest): number => {
  const preferences = Array.isArray(prefer) ? prefer.join(',') : (prefer ?? '')
  if (/(?:^|[,;\s])respond-async(?:$|[,;\s])/i.test(preferences)) return 0
  const wait = /(?:^|[,;\s])wait="?(\d{1,9})/i.exec(preferences)
  return wait === null ? 0 : Math.min(LONGEST_WAIT_S, Number(wait[1])) * 1000
}

/**
 * Calls when the client is gone; what it returns takes the call back. Many requests may come on one connection, so
 * whoever listens to it must let go of it.
 */
export const whenGone = ({ raw: { socket } }: FastifyRequest, leave: () => void): (() => void) => {
  if (socket.destroyed === true) queueMicrotask(leave)
  socket.once('close', leave)
  return () => void socket.off('close', leave)
}
