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
import { isOfTheHost } from './host-failures.ts'
import { problemWords } from './problem-words.ts'
import type { Reason } from './problem-words.ts'

/** What only a face can find out. */
export type Unanswerable =
  /** As the component refuses it, by the name that was asked by. */
  | Readonly<{ reason: Runtime.Rejection['reason']; container: string }>
  | Readonly<{ reason: 'container-ambiguous'; container: string; candidates: ReadonlyArray<string> }>
  | Readonly<{ reason: 'container-name-taken'; name: string; container: string }>
  | Readonly<{ reason: 'image-ambiguous'; image: string; candidates: ReadonlyArray<string> }>
  | Readonly<{ reason: 'image-in-use'; image: string; containers: ReadonlyArray<string> }>
  | Readonly<{ reason: 'exec-not-found'; exec: string }>
  | Readonly<{ reason: 'blob-not-found' | 'snapshot-not-found' | 'bundle-not-found'; key: string }>
  | Readonly<{ reason: 'event-not-found'; event: string }>
  | Readonly<{ reason: 'event-ambiguous'; event: string; candidates: ReadonlyArray<string> }>
  | Readonly<{ reason: 'operation-not-found'; operation: string }>
  | Readonly<{ reason: 'no-room'; command: string; directory: string }>
  | Readonly<{ reason: 'projection-not-found'; projection: string; names: ReadonlyArray<string> }>
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
  /** The failure's, in the words of who asked. */
  cause: string
  exitCode: number | null
  /** What to do about it, where there is something. */
  advice: string | null
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
  detail: string
  try?: string
  reason: string
  [extension: string]: unknown
}>

/** What is particular to one refusal; what is common to all of its kind is in `problem-words.ts`. */
type Description = Readonly<{ detail: string; try?: string; [extension: string]: unknown }>

/** What somebody gave as a name, fit for a sentence: ids in short, and what could not be a name in quotes. */
const short = (text: string) => {
  if (/^[a-f0-9]{64}$/.test(text)) return text.slice(0, 12)
  if (/^[a-zA-Z0-9@](?:[\w./:@-]{0,200}\w)?$/.test(text)) return text
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text)
}

const container =
  (is: string, attempt?: string) =>
  ({ container }: Readonly<{ container: string }>): Description => ({
    detail: `container ${short(container)} ${is}`,
    ...(attempt === undefined ? {} : { try: attempt.replaceAll('CONTAINER', short(container)) }),
  })

// Total by construction: a new refusal does not compile until it has a line here.
const describe: {
  readonly [R in ApiError['reason']]: (error: Extract<ApiError, { reason: R }>) => Description
} = {
  'invalid-request': ({ errors }) => ({
    detail: errors.join('; '),
    errors,
  }),
  'invalid-reference': ({ reference, cause }) => ({
    detail: `${short(reference)}: ${cause}`,
  }),
  'invalid-moment': ({ cause }) => ({ detail: cause }),
  'version-conflict': ({ stream }) => ({
    detail: `others changed ${stream} at the same time`,
    try: 'ask again',
  }),
  'unreadable-history': ({ stream, cause }) => ({
    detail: `${stream}: ${cause}`,
  }),
  'store-unavailable': ({ cause }) => ({
    detail: cause,
    try: 'ask again; nothing was recorded',
  }),
  'pull-id-taken': ({ pull }) => ({ detail: `there is a pull ${pull} already` }),
  'pull-not-requested': ({ pull }) => ({ detail: `there is no pull ${pull}` }),
  'exec-id-taken': ({ exec }) => ({ detail: `there is a process ${short(exec)} already` }),
  'image-not-found': ({ image }) => ({
    detail: `there is no image ${short(image)} here`,
    try: `shiplog pull ${short(image)}`,
  }),
  'image-ambiguous': ({ image, candidates }) => ({
    detail: `${short(image)} may be ${candidates.map(short).join(', ')}`,
  }),
  'image-in-use': ({ image, containers }) => ({
    detail: `${short(image)} is used by ${containers.map(short).join(', ')}`,
    try: `shiplog rm the containers first, or shiplog rmi -f ${image} to take only the name away`,
  }),
  'container-id-taken': container('has the id already'),
  'container-not-found': ({ container }) => ({
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
    detail: `${short(container)} may be ${candidates.map(short).join(', ')}`,
  }),
  'container-name-taken': ({ name, container }) => ({
    detail: `the name ${name} is in use by container ${short(container)}`,
    try: `shiplog rm ${name}, or choose another name`,
  }),
  'exec-not-found': ({ exec }) => ({
    detail: `there is no process ${short(exec)}`,
  }),
  'blob-not-found': ({ key }) => ({ detail: `there is no blob ${short(key)}` }),
  'no-room': ({ command, directory }) => ({
    detail: `the disk is full: there is no room left in ${directory} for ${command}`,
    try: 'shiplog rm or shiplog rmi, or make room by other means',
  }),
  'projection-not-found': ({ projection, names }) => ({
    detail: `there is no projection ${projection}; there are ${names.join(', ')}`,
  }),
  'snapshot-not-found': ({ key }) => ({ detail: `there is no snapshot ${short(key)}` }),
  'bundle-not-found': ({ key }) => ({ detail: `there is no bundle ${short(key)}` }),
  'event-not-found': ({ event }) => ({
    detail: `there is no event ${short(event)}`,
  }),
  'event-ambiguous': ({ event, candidates }) => ({
    detail: `${short(event)} may be ${candidates.join(', ')}`,
  }),
  'operation-not-found': ({ operation }) => ({
    detail: `there is no operation ${short(operation)}`,
  }),
  'stream-not-found': ({ stream }) => ({
    detail: `nothing was recorded on ${short(stream)}`,
  }),
  'moment-not-found': ({ moment, cause }) => ({
    detail: `${short(moment)}: ${cause}`,
  }),
  'moment-ambiguous': ({ moment, candidates }) => ({
    detail: `${short(moment)} may be ${candidates.join(', ')}`,
  }),
  'idempotency-key-reused': ({ key }) => ({
    detail: `the key ${key} was given for something else before`,
  }),
  'input-closed': ({ container, cause }) => ({
    detail: `container ${short(container)}: ${cause}`,
  }),
  'output-not-kept': ({ container }) => ({
    detail: `container ${short(container)} left no output, or it is not kept any more`,
  }),
  'route-not-found': ({ path }) => ({
    detail: `there is nothing at ${path.slice(0, 200)}`,
    try: 'GET /v1/openapi.json',
  }),
  'method-not-allowed': ({ path, method, allowed }) => ({
    detail: `${path} takes ${allowed.join(' and ')}, not ${method}`,
  }),
  'unsupported-media-type': ({ cause }) => ({
    detail: cause,
  }),
  'request-too-large': ({ cause }) => ({ detail: cause }),
  'read-models-behind': ({ position }) => ({
    detail: `they have not reached position ${position} yet`,
    try: 'ask again',
  }),
  'internal-error': ({ cause }) => ({ detail: cause }),
  'operation-failed': ({ operation, failure, cause, exitCode, advice }) => ({
    detail: cause,
    ...(advice === null ? {} : { try: advice }),
    operation,
    failure,
    exitCode,
  }),
}

const isKnown = (reason: string): reason is Reason => Object.hasOwn(problemWords, reason)

const reasonOf = (error: ApiError): Reason => {
  if (error.reason !== 'operation-failed') return error.reason
  return isKnown(error.problem) ? error.problem : 'internal-error'
}

export const toProblem = (error: ApiError): Problem => {
  const reason = reasonOf(error)
  const { status, title } = problemWords[reason]
  const isOurs = error.reason === 'operation-failed' && isOfTheHost(error.failure.problem)
  return {
    type: `https://shiplog.dev/problems/${reason}`,
    title,
    status: isOurs ? 500 : status,
    reason,
    ...(describe[error.reason] as (error: ApiError) => Description)(error),
  }
}

export const sendProblem = (reply: FastifyReply, error: ApiError): FastifyReply => {
  const problem = toProblem(error)
  return reply.code(problem.status).type('application/problem+json').send(problem)
}
