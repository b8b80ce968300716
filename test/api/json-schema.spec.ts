import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { jsonSchema } from '../../src/api/json-schema.ts'
import { commandBodies } from '../../src/api/openapi.ts'
import { DomainEvent } from '../../src/domain/events/catalogue.ts'
import { Actor } from '../../src/domain/kernel/context.ts'
import { ContainerOptions } from '../../src/domain/kernel/container-options.ts'
import { Descriptor, Layer, Platform } from '../../src/domain/kernel/descriptor.ts'
import { ImageConfig } from '../../src/domain/kernel/image-config.ts'

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

const id = fc.constantFrom('a'.repeat(64), '0123456789abcdef'.repeat(4))

/** Of words that a codec checks by their form: most values have it, so that few are thrown away. */
const wellFormed: Readonly<Record<string, fc.Arbitrary<string>>> = {
  ContainerId: id,
  ContainerName: fc.constantFrom('web', 'a_b-c.d', '0x'),
  Digest: id.map(hex => `sha256:${hex}`),
  ExecId: id,
  ImageName: fc.constantFrom('docker.io/library/alpine:3', 'x/y@sha256:0'),
  Namespace: fc.constantFrom('default', 'a.b'),
  PullId: fc.uuid(),
  SnapshotKey: fc.oneof(
    id,
    id.map(hex => `sha256:${hex}`),
  ),
}

const wordOf = (name: string) => wellFormed[name.replace(/^\{ readonly \[K in (\w+)\]: symbol \}$/, '$1')]

/** Values that a codec may accept; most do. */
const valuesFor = (codec: t.Mixed): fc.Arbitrary<unknown> => {
  const { _tag, name, props = {}, type, types = [], keys = {}, value, codomain } = codec as unknown as Tagged
  switch (_tag) {
    case 'StringType':
      return fc.string({ maxLength: 12 })
    case 'NumberType':
      return fc.oneof(fc.nat(), fc.double({ noNaN: true, noDefaultInfinity: true }))
    case 'BooleanType':
      return fc.boolean()
    case 'NullType':
      return fc.constant(null)
    case 'LiteralType':
      return fc.constant(value)
    case 'KeyofType':
      return fc.constantFrom(...Object.keys(keys))
    case 'ReadonlyArrayType':
    case 'ArrayType':
      return fc.array(valuesFor(type as t.Mixed), { maxLength: 2 })
    case 'AnyDictionaryType':
      return fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 2 })
    case 'DictionaryType':
      return fc.dictionary(fc.string(), valuesFor(codomain as t.Mixed), { maxKeys: 2 })
    case 'RefinementType': {
      const word = wordOf(name)
      const any = valuesFor(type as t.Mixed)
      return word === undefined
        ? any
        : fc.oneof({ weight: 50, arbitrary: word }, { weight: 1, arbitrary: any })
    }
    case 'ExactType':
      return valuesFor(type as t.Mixed)
    case 'InterfaceType':
    case 'StrictType':
      return fc.record(
        Object.fromEntries(Object.entries(props).map(([name, each]) => [name, valuesFor(each)])),
      )
    case 'PartialType':
      return fc.record(
        Object.fromEntries(Object.entries(props).map(([name, each]) => [name, valuesFor(each)])),
        { requiredKeys: [] },
      )
    case 'UnionType':
      return fc.oneof(...types.map(valuesFor))
    case 'IntersectionType':
      return fc.tuple(...types.map(valuesFor)).map(parts => Object.assign({}, ...parts) as unknown)
    default:
      throw new Error(`a codec that the walker does not know: ${String(_tag)}`)
  }
}

const codecs: ReadonlyArray<readonly [string, t.Mixed]> = [
  ...Object.entries(commandBodies),
  ['an event', DomainEvent],
  ['an actor', Actor],
  ['options', ContainerOptions],
  ['a descriptor', Descriptor],
  ['a layer', Layer],
  ['a platform', Platform],
  ['an image', ImageConfig],
]

describe('the JSON schema of a codec', () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })

  for (const [name, codec] of codecs)
    it(`accepts what the codec accepts: ${name}`, () => {
      const validate = ajv.compile(jsonSchema(codec))
      fc.assert(
        fc.property(valuesFor(codec), value => {
          const sent = JSON.parse(JSON.stringify(value)) as unknown
          fc.pre(E.isRight(codec.decode(sent)))
          assert.ok(validate(sent), `${JSON.stringify(sent)}: ${JSON.stringify(validate.errors)}`)
        }),
      )
    })

  for (const [name, codec] of codecs)
    it(`refuses what the codec refuses, as far as a schema can: ${name}`, () => {
      const validate = ajv.compile(jsonSchema(codec))
      fc.assert(
        fc.property(fc.oneof(fc.jsonValue({ maxDepth: 2 }), valuesFor(codec)), value => {
          const sent = JSON.parse(JSON.stringify(value)) as unknown
          if (validate(sent)) return
          assert.ok(E.isLeft(codec.decode(sent)), JSON.stringify(sent))
        }),
      )
    })
})
