import type { FastifyRequest } from 'fastify'
import type { Actor, Context } from '../domain/kernel/context.ts'
import type { Engine } from './engine.ts'

/** Whoever asks over something that has no peer credentials is nobody in particular. */
const unknownPeer = { uid: -1, gid: -1, pid: -1, user: null }

export const actorOf = ({ peerOf }: Pick<Engine, 'peerOf'>, request: FastifyRequest): Actor => ({
  kind: 'unix',
  ...(peerOf(request.raw.socket) ?? unknownPeer),
})

/** A key that a client may give its command: it is the command's id, and the operation's. */
export const isKey = (key: string) => /^[\x21-\x7e]{1,128}$/.test(key)

/** Where a request's command comes from: a person's, so nothing caused it; its id is the operation's. */
export const contextOf = (engine: Pick<Engine, 'peerOf' | 'randomId'>, request: FastifyRequest): Context => {
  const key = request.headers['idempotency-key']
  const id = typeof key === 'string' ? key : engine.randomId()
  return { correlationId: id, causationId: null, commandId: id, actor: actorOf(engine, request) }
}

/** `Prefer: wait=30` (RFC 7240): how long the client is ready to wait, in milliseconds; 0 where it is not. */
export const waitOf = (request: FastifyRequest): number => {
  const prefer = request.headers['prefer']
  const wait = /(?:^|[,;\s])wait=(\d{1,6})/.exec(Array.isArray(prefer) ? prefer.join(',') : (prefer ?? ''))
  return wait === null ? 0 : Math.min(3600, Number(wait[1])) * 1000
}
