import type * as t from 'io-ts'
import { Flag } from './query.ts'

export type JsonSchema = Readonly<Record<string, unknown>>

type Tagged = Readonly<{
  _tag?: string
  name: string
  props?: Readonly<Record<string, t.Mixed>>
  type?: t.Mixed
  types?: ReadonlyArray<t.Mixed>
  keys?: Readonly<Record<string, unknown>>
  value?: unknown
  codomain?: t.Mixed
}>

/** Words whose form a codec checks with a function, as patterns. */
const patterns: Readonly<Record<string, string>> = {
  ContainerName: '^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$',
  Digest: '^sha256:[a-f0-9]{64}$',
  ContainerId: '^[a-f0-9]{64}$',
  ExecId: '^[a-f0-9]{64}$',
}

/** The JSON schema (2020-12, as OpenAPI 3.1 has it) of what a codec accepts. */
export const jsonSchema = (codec: t.Mixed): JsonSchema => {
  if (codec === Flag) return { type: 'boolean' }
  const { _tag, name, props = {}, type, types = [], keys = {}, value, codomain } = codec as unknown as Tagged
  const required = Object.keys(props)
  switch (_tag) {
    case 'StringType':
      return { type: 'string' }
    case 'NumberType':
      return { type: 'number' }
    case 'BooleanType':
      return { type: 'boolean' }
    case 'NullType':
      return { type: 'null' }
    case 'LiteralType':
      return { const: value }
    case 'KeyofType':
      return { type: 'string', enum: Object.keys(keys) }
    case 'ReadonlyArrayType':
    case 'ArrayType':
      return { type: 'array', items: type === undefined ? {} : jsonSchema(type) }
    case 'AnyDictionaryType':
      return { type: 'object' }
    case 'DictionaryType':
      return { type: 'object', additionalProperties: codomain === undefined ? {} : jsonSchema(codomain) }
    case 'RefinementType':
      return {
        ...(type === undefined ? {} : jsonSchema(type)),
        ...(patterns[name] === undefined ? {} : { pattern: patterns[name] }),
      }
    case 'ExactType':
      return type === undefined ? {} : jsonSchema(type)
    case 'InterfaceType':
    case 'StrictType':
      return { type: 'object', properties: schemasOf(props), required }
    case 'PartialType':
      return { type: 'object', properties: schemasOf(props) }
    case 'UnionType':
      return { anyOf: types.map(jsonSchema) }
    case 'IntersectionType':
      return merged(types.map(jsonSchema))
    default:
      return {}
  }
}

const schemasOf = (props: Readonly<Record<string, t.Mixed>>) =>
  Object.fromEntries(Object.entries(props).map(([name, codec]) => [name, jsonSchema(codec)]))

/** Objects that are asked for together are one object. */
const merged = (schemas: ReadonlyArray<JsonSchema>): JsonSchema =>
  schemas.reduce((all, schema) => ({
    ...all,
    ...schema,
    properties: { ...(all['properties'] as object), ...(schema['properties'] as object) },
    required: [
      ...((all['required'] as ReadonlyArray<string>) ?? []),
      ...((schema['required'] as ReadonlyArray<string>) ?? []),
    ],
  }))
