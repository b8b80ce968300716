import type * as t from 'io-ts'
import { AtQuery } from './at.ts'
import { EventsQuery } from './events/filter.ts'
import { ReplayQuery } from './metadata/projections.ts'
import { ListQuery, WhyQuery } from './runtime/http.ts'
import { OutputQuery } from './runtime/output-query.ts'
import { PullImage } from './distribution/http.ts'
import { ExecContainer, ExecOutputQuery } from './executor/http.ts'
import { RemoveImage, TagImage } from './metadata/http.ts'
import {
  KillContainer,
  PauseContainer,
  RemoveContainer,
  RenameContainer,
  StartContainer,
  StopContainer,
  UntilQuery,
} from './runtime/commands.ts'
import { CreateContainer } from './runtime/create.ts'
import { ConsoleSize } from '../domain/kernel/container-options.ts'
import { DomainEvent } from '../domain/events/catalogue.ts'
import { Actor } from '../domain/kernel/context.ts'
import { Failure } from '../domain/kernel/failure.ts'
import type { CommandName } from '../domain/processes/operation.ts'
import { jsonSchema } from './json-schema.ts'
import { problemWords } from './problem-words.ts'

/** The body of each command. */
export const commandBodies: Readonly<Record<CommandName, t.Mixed>> = {
  'pull-image': PullImage,
  'tag-image': TagImage,
  'remove-image': RemoveImage,
  'create-container': CreateContainer,
  'run-container': CreateContainer,
  'start-container': StartContainer,
  'stop-container': StopContainer,
  'restart-container': StopContainer,
  'kill-container': KillContainer,
  'pause-container': PauseContainer,
  'unpause-container': PauseContainer,
  'rename-container': RenameContainer,
  'remove-container': RemoveContainer,
  'exec-container': ExecContainer,
}

/** What parameters mean, wherever they come. */
const meanings: Readonly<Record<string, string>> = {
  actor: 'by these people (name or uid) or policies',
  after: 'what happened after this moment',
  all: 'also those that do not run; every run, and not only the last',
  at: 'the moment that the answer is to be as of',
  before: 'what happened before this moment',
  category: 'of these categories: the first word of a stream',
  correlation: 'of these operations',
  follow: 'go on with what comes, until the run has ended',
  limit: 'so many at most (1 to 1000; 100)',
  order: 'forwards (oldest first) or backwards',
  projection: 'this read model only',
  removed: 'also those that are gone',
  since: 'from this moment on',
  stderr: 'its standard error (true)',
  stdout: 'its standard output (true)',
  subject: 'about these containers, images, digests or streams',
  tail: 'the last so many lines, or all',
  timestamps: 'begin each line with its time',
  to: 'as far as this moment',
  type: 'of these types',
  until: 'up to this moment',
}

const header = (name: string, description: string) => ({
  name,
  in: 'header',
  description,
  schema: { type: 'string' },
})

/** The parameters of a query, as its codec has them. */
const parametersOf = (codec: t.PartialC<t.Props>, explained = meanings) =>
  Object.entries(codec.props).map(([name, parameter]) => ({
    name,
    in: 'query',
    description: explained[name] ?? name,
    schema: jsonSchema(parameter),
  }))

const lastEventId = header('last-event-id', 'of server-sent events: go on after this position')

type Query = Readonly<{ summary: string; query?: t.PartialC<t.Props>; headers?: ReadonlyArray<object> }>

const asOf = (summary: string): Query => ({ summary, query: AtQuery })

/** What can be asked. Images and streams have names with slashes in them; those stand as they are. */
const queries: Readonly<Record<string, Query>> = {
  '/v1/containers': { summary: 'Containers', query: ListQuery },
  '/v1/containers/{container}': asOf('A container, by id, name or beginning of the id'),
  '/v1/containers/{container}/history': asOf('Everything that happened to it'),
  '/v1/containers/{container}/why': { summary: 'One sentence, and the chain of causes', query: WhyQuery },
  '/v1/containers/{container}/wait': { summary: 'Answers when its run has ended' },
  '/v1/containers/{container}/output': { summary: "Its output, in docker's framing", query: OutputQuery },
  '/v1/images': asOf('Images'),
  '/v1/images/{image}': asOf('An image, by name or id; or, with /history after it, all that happened to it'),
  '/v1/content': asOf('Blobs'),
  '/v1/content/{digest}': asOf('A blob'),
  '/v1/snapshots': asOf('Snapshots'),
  '/v1/snapshots/{key}': asOf('A snapshot'),
  '/v1/bundles': asOf('Bundles'),
  '/v1/bundles/{container}': asOf('A bundle'),
  '/v1/execs/{exec}': asOf('A process in a container'),
  '/v1/execs/{exec}/wait': { summary: 'Answers when it has ended' },
  '/v1/execs/{exec}/output': { summary: "Its output, in docker's framing", query: ExecOutputQuery },
  '/v1/operations/{operation}': asOf('An operation'),
  '/v1/events': {
    summary: 'The history, in pages or as server-sent events',
    query: EventsQuery,
    headers: [lastEventId],
  },
  '/v1/events/{event}': { summary: 'An event, by id, the beginning of one, or @position' },
  '/v1/streams/{stream}': asOf('The events of one subject'),
  '/v1/replay': {
    summary: 'Read models made again from the log, compared with those in use',
    query: ReplayQuery,
  },
  '/v1/projections': { summary: 'Read models, how far they are, and what stopped them' },
  '/v1/progress': { summary: 'Bytes so far, live, as server-sent events' },
  '/v1/version': { summary: 'Versions' },
  '/v1/info': { summary: 'The daemon about itself' },
  '/v1/config': { summary: 'Every setting, and where it was set' },
  '/v1/openapi.json': { summary: 'This document' },
}

const uploads: Readonly<Record<string, readonly [string, t.Mixed | null]>> = {
  '/v1/containers/{container}/input': ['Standard input', null],
  '/v1/containers/{container}/resize': ['The size of its terminal', ConsoleSize],
  '/v1/projections/{projection}/rebuild': ['Makes a read model again, while the one in use goes on', null],
  '/v1/execs/{exec}/input': ['Standard input', null],
  '/v1/execs/{exec}/resize': ['The size of its terminal', ConsoleSize],
}

const pathParameters = (path: string) =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))

const problem = {
  description: 'refused (RFC 9457)',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
}

const json = (schema: object) => ({ content: { 'application/json': { schema } } })

const idOf = (method: string, path: string) =>
  method + path.replace('/v1', '').replaceAll(/[^a-zA-Z]+(\w?)/g, (_, letter: string) => letter.toUpperCase())

const untilMeans = { until: 'what is waited for: started, or exited' }

const command = ([name, codec]: readonly [string, t.Mixed]) => ({
  [`/v1/commands/${name}`]: {
    post: {
      operationId: name,
      summary: name.replaceAll('-', ' '),
      tags: ['commands'],
      parameters: [
        header('prefer', 'wait=30: answer when it is over, or after so many seconds'),
        header('idempotency-key', 'the same key again answers with the same operation'),
        ...(name === 'run-container' || name === 'start-container'
          ? parametersOf(UntilQuery, untilMeans)
          : []),
        ...(name === 'pull-image'
          ? [header('registry-auth', 'base64url of JSON; kept in memory for this pull')]
          : []),
      ],
      requestBody: { required: true, ...json({ ...jsonSchema(codec), additionalProperties: false }) },
      responses: {
        200: { description: 'it is over', ...json({ $ref: '#/components/schemas/Operation' }) },
        202: { description: 'it is under way', ...json({ $ref: '#/components/schemas/Operation' }) },
        default: problem,
      },
    },
  },
})

const asking = ([path, { summary, query, headers = [] }]: readonly [string, Query]) => ({
  [path]: {
    get: {
      operationId: idOf('get', path),
      summary,
      tags: [path.split('/')[2]],
      parameters: [...pathParameters(path), ...(query === undefined ? [] : parametersOf(query)), ...headers],
      responses: { 200: { description: summary }, default: problem },
    },
  },
})

const upload = ([path, [summary, codec]]: readonly [string, readonly [string, t.Mixed | null]]) => ({
  [path]: {
    post: {
      operationId: idOf('post', path),
      summary,
      tags: [path.split('/')[2]],
      parameters: pathParameters(path),
      requestBody:
        codec === null
          ? { content: { 'application/octet-stream': {} } }
          : { required: true, ...json(jsonSchema(codec)) },
      responses: { 204: { description: 'taken' }, default: problem },
    },
  },
})

/** The events of a union of unions, each without its type, which stands beside its data. */
const dataSchemas = (codec: t.Mixed): ReadonlyArray<object> => {
  const { types } = codec as unknown as Readonly<{ types?: ReadonlyArray<t.Mixed> }>
  if (types !== undefined) return types.flatMap(dataSchemas)
  const {
    properties = {},
    required = [],
    ...rest
  } = jsonSchema(codec) as Readonly<{
    properties?: Readonly<Record<string, { const?: unknown }>>
    required?: ReadonlyArray<string>
  }>
  const { type, ...data } = properties
  return [
    { title: type?.const, ...rest, properties: data, required: required.filter(name => name !== 'type') },
  ]
}

/** OpenAPI 3.1 of everything at /v1, from the codecs that read the requests. */
export const openApiDocument = (version: string) => ({
  openapi: '3.1.0',
  info: { title: 'shiplog', version, description: 'A container engine whose source of truth is its history' },
  paths: Object.assign(
    {},
    ...Object.entries(commandBodies).map(command),
    ...Object.entries(queries).map(asking),
    ...Object.entries(uploads).map(upload),
  ) as Record<string, object>,
  components: {
    schemas: {
      Problem: {
        type: 'object',
        properties: {
          type: { type: 'string', format: 'uri' },
          title: { type: 'string' },
          status: { type: 'integer' },
          detail: { type: 'string' },
          reason: { type: 'string', enum: Object.keys(problemWords) },
          try: { type: 'string' },
        },
        required: ['type', 'title', 'status', 'detail', 'reason'],
      },
      Operation: {
        type: 'object',
        properties: {
          id: { type: 'string' },
          command: { type: 'string', enum: Object.keys(commandBodies) },
          status: { type: 'string', enum: ['running', 'succeeded', 'failed'] },
          subject: { type: 'object' },
          outcome: { type: ['object', 'null'] },
          failure: { anyOf: [jsonSchema(Failure), { type: 'null' }] },
          try: { type: ['string', 'null'] },
          startedAt: { type: 'integer' },
          endedAt: { type: ['integer', 'null'] },
          events: { type: 'array', items: { $ref: '#/components/schemas/Event' } },
          position: { type: 'integer' },
        },
        required: ['id', 'command', 'status', 'subject', 'outcome', 'events', 'position'],
      },
      Event: {
        type: 'object',
        properties: {
          position: { type: 'integer' },
          id: { type: 'string' },
          stream: { type: 'string' },
          revision: { type: 'integer' },
          type: { type: 'string' },
          data: { $ref: '#/components/schemas/EventData' },
          recordedAt: { type: 'string', format: 'date-time' },
          occurredAt: { type: 'string', format: 'date-time' },
          correlation: { type: 'string' },
          causation: { type: ['string', 'null'] },
          command: { type: 'string' },
          actor: jsonSchema(Actor),
          node: { type: 'string' },
          bootId: { type: 'string' },
        },
        required: ['position', 'id', 'stream', 'revision', 'type', 'data', 'recordedAt', 'actor'],
      },
      EventData: { anyOf: dataSchemas(DomainEvent) },
    },
  },
})
