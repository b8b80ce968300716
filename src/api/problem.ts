import type { FastifyReply } from 'fastify'
import type { InvalidReference } from '../domain/distribution/reference.ts'
import type * as Distribution from '../domain/distribution/index.ts'
import type { InvalidMoment } from '../domain/events/moment.ts'
import type * as Executor from '../domain/executor/index.ts'
import type { InvalidRequest } from '../domain/kernel/decode.ts'
import type { Failure } from '../domain/kernel/failure.ts'
import type { HandleError } from '../domain/kernel/handle.ts'
import type { Image } from '../domain/metadata/index.ts'
import type * as Runtime from '../domain/runtime/index.ts'

/** What only a face can find out. */
export type Unanswerable =
  | Readonly<{ reason: 'container-ambiguous'; container: string; candidates: ReadonlyArray<string> }>
  | Readonly<{ reason: 'container-name-taken'; name: string; container: string }>
  | Readonly<{ reason: 'image-ambiguous'; image: string; candidates: ReadonlyArray<string> }>
  | Readonly<{ reason: 'image-in-use'; image: string; containers: ReadonlyArray<string> }>
  | Readonly<{ reason: 'exec-not-found'; exec: string }>
  | Readonly<{ reason: 'blob-not-found' | 'snapshot-not-found' | 'bundle-not-found'; key: string }>
  | Readonly<{ reason: 'event-not-found' | 'event-ambiguous'; event: string }>
  | Readonly<{ reason: 'operation-not-found'; operation: string }>
  | Readonly<{ reason: 'stream-not-found'; stream: string }>
  | Readonly<{ reason: 'moment-not-found'; moment: string; cause: string }>
  | Readonly<{ reason: 'moment-ambiguous'; moment: string; candidates: ReadonlyArray<string> }>
  | Readonly<{ reason: 'idempotency-key-reused'; key: string }>
  | Readonly<{ reason: 'input-closed'; container: string; cause: string }>
  | Readonly<{ reason: 'output-not-kept'; container: string }>
  | Readonly<{ reason: 'route-not-found'; path: string }>
  | Readonly<{ reason: 'method-not-allowed'; path: string; method: string; allowed: ReadonlyArray<string> }>
  | Readonly<{ reason: 'unsupported-media-type'; cause: string }>
  | Readonly<{ reason: 'request-too-large'; cause: string }>
  | Readonly<{ reason: 'read-models-behind'; position: number }>
  | Readonly<{ reason: 'internal-error'; cause: string }>

/** An operation that was begun and did not come to what was asked. */
export type OperationFailed = Readonly<{
  reason: 'operation-failed'
  operation: string
  /** The word that the problem is named by. */
  problem: string
  failure: Failure
  exitCode: number | null
}>

export type ApiError =
  | InvalidRequest
  | InvalidReference
  | InvalidMoment
  | HandleError
  | Distribution.Rejection
  | Executor.Rejection
  | Image.Rejection
  | Runtime.Rejection
  | Unanswerable
  | OperationFailed

/** RFC 9457. `try` is what to do about it. */
export type Problem = Readonly<{
  type: string
  title: string
  status: number
  detail?: string
  try?: string
  reason: string
  [extension: string]: unknown
}>

type Description = Omit<Problem, 'type' | 'reason'>

const short = (id: string) => (/^[a-f0-9]{64}$/.test(id) ? id.slice(0, 12) : id)

const container =
  (title: string, attempt?: string) =>
  ({ container }: Readonly<{ container: string }>): Description => ({
    status: 409,
    title,
    detail: `container ${short(container)} ${title}`,
    ...(attempt === undefined ? {} : { try: attempt.replace('CONTAINER', short(container)) }),
  })

/** Statuses of operations that failed for a reason that is not ours. */
const failureStatus: Readonly<Record<string, number>> = {
  'image-not-found': 404,
  'platform-not-found': 404,
  'registry-unauthorized': 401,
  'registry-unreachable': 502,
  'registry-refused': 502,
  'registry-protocol': 502,
  'digest-mismatch': 502,
  'size-mismatch': 502,
  'too-large': 502,
  'container-name-taken': 409,
  'container-not-running': 409,
}

// Total by construction: a new refusal does not compile until it has a line here.
const describe: {
  readonly [R in ApiError['reason']]: (error: Extract<ApiError, { reason: R }>) => Description
} = {
  'invalid-request': ({ errors }) => ({
    status: 400,
    title: 'the request is not valid',
    detail: errors.join('; '),
    errors,
  }),
  'invalid-reference': ({ reference, cause }) => ({
    status: 400,
    title: 'the image reference is not valid',
    detail: `"${reference}": ${cause}`,
  }),
  'invalid-moment': ({ cause }) => ({ status: 400, title: 'the moment cannot be read', detail: cause }),
  'version-conflict': () => ({
    status: 503,
    title: 'too many changes at once',
    try: 'ask again',
  }),
  'unreadable-history': ({ stream, cause }) => ({
    status: 500,
    title: 'the history cannot be read',
    detail: `${stream}: ${cause}`,
  }),
  'store-unavailable': ({ cause }) => ({
    status: 503,
    title: 'the log cannot take it now',
    detail: cause,
    try: 'ask again; nothing was recorded',
  }),
  'pull-id-taken': ({ pull }) => ({ status: 409, title: 'the pull id is in use', detail: pull }),
  'pull-not-requested': ({ pull }) => ({ status: 409, title: 'nobody asked for that pull', detail: pull }),
  'exec-id-taken': ({ exec }) => ({ status: 409, title: 'the exec id is in use', detail: short(exec) }),
  'image-not-found': ({ image }) => ({
    status: 404,
    title: 'there is no such image here',
    detail: `there is no image ${image} here`,
    try: `shiplog pull ${image}`,
  }),
  'image-ambiguous': ({ image, candidates }) => ({
    status: 409,
    title: 'several images begin like that',
    detail: `${image} may be ${candidates.map(short).join(', ')}`,
  }),
  'image-in-use': ({ image, containers }) => ({
    status: 409,
    title: 'containers use the image',
    detail: `${image} is used by ${containers.map(short).join(', ')}`,
    try: `shiplog rm the containers first, or shiplog rmi -f ${image} to take only the name away`,
  }),
  'container-id-taken': container('has the id already'),
  'container-not-found': ({ container }) => ({
    status: 404,
    title: 'there is no such container',
    detail: `there is no container ${short(container)}`,
    try: 'shiplog ps -a',
  }),
  'container-not-running': container('does not run', 'shiplog start CONTAINER'),
  'container-running': container('runs', 'shiplog stop CONTAINER, or shiplog rm -f CONTAINER'),
  'container-paused': container('is paused', 'shiplog unpause CONTAINER'),
  'container-not-paused': container('is not paused'),
  'container-busy': container('is busy with another change', 'ask again in a moment'),
  'container-being-removed': container('is being removed'),
  'container-ambiguous': ({ container, candidates }) => ({
    status: 409,
    title: 'several containers begin like that',
    detail: `${container} may be ${candidates.map(short).join(', ')}`,
  }),
  'container-name-taken': ({ name, container }) => ({
    status: 409,
    title: 'the name is in use',
    detail: `the name ${name} is in use by container ${short(container)}`,
    try: `shiplog rm ${name}, or choose another name`,
  }),
  'exec-not-found': ({ exec }) => ({
    status: 404,
    title: 'there is no such process',
    detail: `there is no process ${short(exec)}`,
  }),
  'blob-not-found': ({ key }) => ({ status: 404, title: 'there is no such blob', detail: key }),
  'snapshot-not-found': ({ key }) => ({ status: 404, title: 'there is no such snapshot', detail: key }),
  'bundle-not-found': ({ key }) => ({ status: 404, title: 'there is no such bundle', detail: key }),
  'event-not-found': ({ event }) => ({
    status: 404,
    title: 'there is no such event',
    detail: `there is no event ${event}`,
  }),
  'event-ambiguous': ({ event }) => ({ status: 409, title: 'several events begin like that', detail: event }),
  'operation-not-found': ({ operation }) => ({
    status: 404,
    title: 'there is no such operation',
    detail: operation,
  }),
  'stream-not-found': ({ stream }) => ({
    status: 404,
    title: 'the stream has no events',
    detail: stream,
  }),
  'moment-not-found': ({ moment, cause }) => ({
    status: 404,
    title: 'there was no such moment',
    detail: `${moment}: ${cause}`,
  }),
  'moment-ambiguous': ({ moment, candidates }) => ({
    status: 400,
    title: 'several events begin like that',
    detail: `${moment} may be ${candidates.join(', ')}`,
  }),
  'idempotency-key-reused': ({ key }) => ({
    status: 409,
    title: 'the idempotency key belongs to another command',
    detail: key,
  }),
  'input-closed': ({ container, cause }) => ({
    status: 409,
    title: 'the standard input is closed',
    detail: `container ${short(container)}: ${cause}`,
  }),
  'output-not-kept': ({ container }) => ({
    status: 404,
    title: 'the output is not kept any more',
    detail: `container ${short(container)} left no output, or it is not kept any more`,
  }),
  'route-not-found': ({ path }) => ({
    status: 404,
    title: 'there is nothing at that path',
    detail: path,
    try: 'GET /v1/openapi.json',
  }),
  'method-not-allowed': ({ path, method, allowed }) => ({
    status: 405,
    title: 'that cannot be asked with this method',
    detail: `${path} takes ${allowed.join(' and ')}, not ${method}`,
  }),
  'unsupported-media-type': ({ cause }) => ({
    status: 415,
    title: 'the body is of a type that is not understood',
    detail: cause,
  }),
  'request-too-large': ({ cause }) => ({ status: 413, title: 'the request is too large', detail: cause }),
  'read-models-behind': ({ position }) => ({
    status: 503,
    title: 'the read models are behind the log',
    detail: `they have not reached position ${position} yet`,
    try: 'ask again',
  }),
  'internal-error': ({ cause }) => ({ status: 500, title: 'a fault of ours', detail: cause }),
  'operation-failed': ({ operation, problem, failure, exitCode }) => ({
    status: failureStatus[problem] ?? failureStatus[failure.problem] ?? 409,
    title: problem.replaceAll('-', ' '),
    detail: failure.cause,
    operation,
    failure,
    exitCode,
  }),
}

export const toProblem = (error: ApiError): Problem => {
  const reason = error.reason === 'operation-failed' ? error.problem : error.reason
  return {
    type: `https://shiplog.dev/problems/${reason}`,
    reason,
    ...(describe[error.reason] as (error: ApiError) => Description)(error),
  } as Problem
}

export const sendProblem = (reply: FastifyReply, error: ApiError): FastifyReply => {
  const problem = toProblem(error)
  return reply.code(problem.status).type('application/problem+json').send(problem)
}

/** Every refusal there is. */
export const reasons = Object.keys(describe).toSorted() as ReadonlyArray<ApiError['reason']>
