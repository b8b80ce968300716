import type * as t from 'io-ts'
import { PullImage } from './distribution/http.ts'
import { ExecContainer } from './executor/http.ts'
import { RemoveImage, TagImage } from './metadata/http.ts'
import {
  KillContainer,
  PauseContainer,
  RemoveContainer,
  RenameContainer,
  StartContainer,
  StopContainer,
} from './runtime/commands.ts'
import { CreateContainer } from './runtime/create.ts'
import { ConsoleSize } from '../domain/kernel/container-options.ts'
import { DomainEvent } from '../domain/events/catalogue.ts'
import { Actor } from '../domain/kernel/context.ts'
import type { CommandName } from '../domain/processes/operation.ts'
import { jsonSchema } from './json-schema.ts'

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

const text = (name: string, description: string, where: 'query' | 'header' = 'query') => ({
  name,
  in: where,
  description,
  schema: { type: 'string' },
})

const at = text('at', 'the moment that the answer is to be as of')

const eventParameters = [
  text('after', 'events after this moment'),
  text('before', 'events before this moment'),
  text('since', 'events after this time'),
  text('until', 'events up to this moment'),
  text('limit', 'at most so many (1000)'),
  text('order', 'forwards or backwards'),
  text('category', 'of these categories'),
  text('type', 'of these types'),
  text('subject', 'about these subjects'),
  text('actor', 'by these people or policies'),
  text('correlation', 'of these operations'),
  text('last-event-id', 'go on after this position', 'header'),
]

const outputParameters = ['follow', 'stdout', 'stderr', 'timestamps', 'since', 'until', 'tail'].map(name =>
  text(name, `as docker's`),
)

/** What each query is for, and its parameters. */
const queries: Readonly<Record<string, readonly [string, ReadonlyArray<object>]>> = {
  '/v1/containers': [
    'Containers',
    [at, text('all', 'also those that do not run'), text('removed', 'also those that are gone')],
  ],
  '/v1/containers/{container}': ['A container', [at]],
  '/v1/containers/{container}/history': ['Everything that happened to it', [at]],
  '/v1/containers/{container}/why': ['One sentence, and the chain of causes', [at]],
  '/v1/containers/{container}/wait': ['Answers when its run has ended', []],
  '/v1/containers/{container}/output': ["Its output, in docker's framing", outputParameters],
  '/v1/images': ['Images', [at]],
  '/v1/images/{image}': ['An image', [at]],
  '/v1/images/{image}/history': ['Everything that happened to its name', [at]],
  '/v1/content': ['Blobs', [at]],
  '/v1/content/{digest}': ['A blob', [at]],
  '/v1/snapshots': ['Snapshots', [at]],
  '/v1/snapshots/{key}': ['A snapshot', [at]],
  '/v1/bundles': ['Bundles', [at]],
  '/v1/bundles/{container}': ['A bundle', [at]],
  '/v1/execs/{exec}': ['A process in a container', [at]],
  '/v1/execs/{exec}/wait': ['Answers when it has ended', []],
  '/v1/execs/{exec}/output': ["Its output, in docker's framing", []],
  '/v1/operations/{operation}': ['An operation', [at]],
  '/v1/events': ['The history, in pages or as server-sent events', eventParameters],
  '/v1/events/{event}': ['An event, by id or @position', []],
  '/v1/streams/{stream}': ['The events of one subject', [at]],
  '/v1/progress': ['Bytes so far, live, as server-sent events', []],
  '/v1/version': ['Version', []],
  '/v1/info': ['The daemon about itself', []],
  '/v1/config': ['Every setting, and where it was set', []],
}

const uploads: Readonly<Record<string, readonly [string, t.Mixed | null]>> = {
  '/v1/containers/{container}/input': ['Standard input', null],
  '/v1/containers/{container}/resize': ['The size of its terminal', ConsoleSize],
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

const command = ([name, codec]: [string, t.Mixed]) => ({
  [`/v1/commands/${name}`]: {
    post: {
      operationId: name,
      summary: name.replaceAll('-', ' '),
      tags: ['commands'],
      parameters: [
        text('prefer', 'wait=30: answer when it is over, or after so many seconds', 'header'),
        text('idempotency-key', 'the same key again answers with the same operation', 'header'),
        ...(name === 'run-container' || name === 'start-container'
          ? [text('until', 'started or exited: what is waited for')]
          : []),
        ...(name === 'pull-image'
          ? [text('registry-auth', 'base64url of JSON; kept in memory for this pull', 'header')]
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

/** OpenAPI 3.1 of everything at /v1, from the codecs that read the requests. */
export const openApiDocument = (version: string) => ({
  openapi: '3.1.0',
  info: { title: 'shiplog', version, description: 'A container engine whose source of truth is its history' },
  paths: {
    ...Object.assign({}, ...Object.entries(commandBodies).map(command)),
    ...Object.fromEntries(
      Object.entries(queries).map(([path, [summary, parameters]]) => [
        path,
        {
          get: {
            operationId: `get${path.replaceAll(/[^a-z]+(\w)/g, (_, letter: string) => letter.toUpperCase()).replaceAll(/\W/g, '')}`,
            summary,
            tags: [path.split('/')[2]],
            parameters: [...pathParameters(path), ...parameters],
            responses: { 200: { description: summary }, default: problem },
          },
        },
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(uploads).map(([path, [summary, codec]]) => [
        path,
        {
          post: {
            operationId: `post${path.replaceAll(/[^a-z]+(\w)/g, (_, letter: string) => letter.toUpperCase()).replaceAll(/\W/g, '')}`,
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
      ]),
    ),
  },
  components: {
    schemas: {
      Problem: {
        type: 'object',
        properties: {
          type: { type: 'string', format: 'uri' },
          title: { type: 'string' },
          status: { type: 'integer' },
          detail: { type: 'string' },
          reason: { type: 'string' },
          try: { type: 'string' },
        },
        required: ['type', 'title', 'status', 'reason'],
      },
      Operation: {
        type: 'object',
        properties: {
          id: { type: 'string' },
          command: { type: 'string', enum: Object.keys(commandBodies) },
          status: { type: 'string', enum: ['running', 'succeeded', 'failed'] },
          subject: { type: 'object' },
          outcome: { type: ['object', 'null'] },
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
          actor: jsonSchema(Actor),
        },
      },
      EventData: jsonSchema(DomainEvent),
    },
  },
})

/** Every path and method that is documented. */
export const documentedRoutes = (): ReadonlyArray<string> =>
  Object.entries(openApiDocument('').paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => `${method.toUpperCase()} ${path}`),
  )
