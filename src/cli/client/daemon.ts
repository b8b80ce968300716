import { connect } from '../http.ts'
import type { Connection, Method, Response } from '../http.ts'
import { Refused, UsageError } from '../failure.ts'
import type { Problem } from '../failure.ts'
import type { Operation } from './answers.ts'
import { endpointOf } from './endpoint.ts'
import type { Endpoint } from './endpoint.ts'

export type Query = Readonly<Record<string, string | number | boolean | undefined>>

export type CommandOptions = Readonly<{
  /** `started` or `exited`: what the wait is for. */
  until?: string
  /** Base64url JSON, for pulls. */
  registryAuth?: string | undefined
  /** False: the answer comes as soon as it is recorded that it was asked for. */
  wait?: boolean
  /** The operation's id. One key is one command, however often it is sent. */
  key?: string
}>

/** The daemon, over one connection that is opened at once. Failures are thrown as `Refused`. */
export type Daemon = Readonly<{
  endpoint: Endpoint
  connection: Connection
  get: <Answer>(path: string, query?: Query) => Promise<Answer>
  open: (path: string, query?: Query, headers?: Readonly<Record<string, string>>) => Promise<Response>
  post: (path: string, body: unknown) => Promise<void>
  /** Waits until it is done, however long that takes. */
  command: (name: string, body: unknown, options?: CommandOptions) => Promise<Operation>
  /** Another connection, for what takes a whole one. */
  another: () => Daemon
  close: () => void
}>

/** The longest that the daemon waits; asked again when it has passed. */
const waitSeconds = 3600

export const daemonAt = (endpoint: Endpoint): Daemon => {
  const connection = connect(endpoint)

  const ask = async (
    method: Method,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: unknown,
  ): Promise<Response> => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const response = await connection.request({ method, path, headers, ...sent })
    if (response.status >= 400) throw new Refused(await problemIn(response))
    return response
  }

  const command = async (name: string, body: unknown, options: CommandOptions = {}): Promise<Operation> => {
    const { until, registryAuth, wait = true, key = newKey() } = options
    const path = `/v1/commands/${name}${queryText({ until })}`
    const headers = {
      prefer: wait ? `wait=${waitSeconds}` : 'respond-async',
      'idempotency-key': key,
      ...(registryAuth === undefined ? {} : { 'registry-auth': registryAuth }),
    }
    for (;;) {
      const asked = performance.now()
      const operation = (await jsonOf(await ask('POST', path, headers, body))) as Operation
      if (operation.status === 'failed') throw new Refused(problemOf(operation))
      if (operation.status === 'succeeded' || !wait) return operation
      // The wait ran out. The same key asks for the same operation again; who answers that at once is not hurried.
      if (performance.now() - asked < 1000) await new Promise(resolve => setTimeout(resolve, 250))
    }
  }

  return {
    endpoint,
    connection,
    get: async <Answer>(path: string, query: Query = {}) =>
      (await jsonOf(await ask('GET', path + queryText(query), {}))) as Answer,
    open: (path, query = {}, headers = {}) => ask('GET', path + queryText(query), headers),
    post: async (path, body) => {
      await (await ask('POST', path, {}, body)).body.bytes()
    },
    command,
    another: () => daemonAt(endpoint),
    close: connection.close,
  }
}

/** The daemon a person means. */
export const daemonFor = ({
  host,
  env,
}: Readonly<{ host: string | undefined; env: Readonly<Record<string, string | undefined>> }>): Daemon =>
  daemonAt(endpointOf(host, env))

/** Unlike any other for as long as anyone remembers; not a secret. */
export const newKey = () =>
  `cli-${process.pid.toString(36)}-${process.hrtime.bigint().toString(36)}-${Math.random().toString(36).slice(2, 12)}`

export const segment = (text: string): string => encodeURIComponent(notEmpty(text))

/** A name whose slashes stand for themselves in a path. */
export const namePath = (name: string): string => notEmpty(name).split('/').map(encodeURIComponent).join('/')

/** A path without a name in it would be that of all of them. */
const notEmpty = (name: string): string => {
  if (name === '') throw new UsageError('a name is empty')
  return name
}

const queryText = (query: Query) => {
  const pairs = Object.entries(query)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

const jsonOf = async ({ body }: Response): Promise<unknown> => {
  const text = (await body.bytes()).toString('utf8')
  try {
    return JSON.parse(text)
  } catch {
    throw new Refused({
      reason: 'not-json',
      status: 502,
      detail: `the daemon answered with something that is not JSON: ${text.slice(0, 60)}`,
    })
  }
}

/** Of an operation whose end came to be known only by asking again. */
const problemOf = ({ failure, exitCode, try: advice }: Operation): Problem => ({
  reason: failure?.problem ?? 'unknown',
  status: 409,
  detail: failure?.cause ?? 'it failed',
  ...(advice == null ? {} : { try: advice }),
  ...(exitCode == null ? {} : { exitCode }),
})

const problemIn = async (response: Response): Promise<Problem> => {
  const text = (await response.body.bytes()).toString('utf8')
  const { status } = response
  try {
    const { reason, detail, title, ...rest } = JSON.parse(text) as Partial<Problem> & { title?: string }
    return {
      ...rest,
      reason: reason ?? 'unknown',
      status,
      detail: detail ?? title ?? `the daemon answered ${status}`,
    }
  } catch {
    return { reason: 'unknown', status, detail: `the daemon answered ${status}: ${text.slice(0, 200)}` }
  }
}
