import fc from 'fast-check'
import type * as t from 'io-ts'

// Values that a codec takes, made from the codec itself: what is new in a codec is tried without anybody's doing.

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

const hex = (character: string) => character.repeat(64)

/** Of words whose form a codec checks with a function: an example, and all that there may be. */
const words: Readonly<Record<string, Readonly<{ example: unknown; any: fc.Arbitrary<unknown> }>>> = {
  Digest: {
    example: `sha256:${hex('d')}`,
    any: fc.stringMatching(/^[a-f0-9]{64}$/).map(digits => `sha256:${digits}`),
  },
  ContainerId: { example: hex('c'), any: fc.stringMatching(/^[a-f0-9]{64}$/) },
  ExecId: { example: hex('e'), any: fc.stringMatching(/^[a-f0-9]{64}$/) },
  ContainerName: { example: 'web', any: fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/) },
  SnapshotKey: { example: `sha256:${hex('a')}`, any: fc.stringMatching(/^(?:sha256:)?[a-f0-9]{64}$/) },
  PullId: { example: 'pull-1', any: fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9-]{0,127}$/) },
  ImageName: {
    example: 'docker.io/library/alpine:3.20',
    any: fc.stringMatching(/^[a-z0-9.]{1,20}\/[a-z0-9/:.]{1,100}$/),
  },
  Namespace: { example: 'default', any: fc.stringMatching(/^[a-zA-Z0-9]{1,20}$/) },
  NodeName: { example: 'n1', any: fc.stringMatching(/^[a-z0-9]{1,63}$/) },
  Size: { example: 1024, any: fc.maxSafeNat() },
}

const tagged = (codec: t.Mixed) => codec as unknown as Tagged

const wordOf = ({ name }: Tagged) => {
  const word = words[name]
  if (word === undefined)
    throw new Error(`no values are known for ${name}: give it some in ${import.meta.filename}`)
  return word
}

/**
 * A few values, always the same: the first has everything there is, the others show what else may stand in its places,
 * each of them once.
 */
export const examplesOf = (codec: t.Mixed): ReadonlyArray<unknown> => {
  const { _tag, props = {}, type, types = [], keys = {}, value, codomain } = tagged(codec)
  switch (_tag) {
    case 'StringType':
      return ['text']
    case 'NumberType':
      return [1]
    case 'BooleanType':
      return [true, false]
    case 'NullType':
      return [null]
    case 'LiteralType':
      return [value]
    case 'KeyofType':
      return Object.keys(keys)
    case 'ReadonlyArrayType':
    case 'ArrayType':
      return [type === undefined ? [] : examplesOf(type)]
    case 'AnyDictionaryType':
      return [{ any: ['thing'] }]
    case 'DictionaryType':
      return [{ key: codomain === undefined ? null : examplesOf(codomain)[0] }]
    case 'RefinementType':
      return [wordOf(tagged(codec)).example]
    case 'ExactType':
      return type === undefined ? [] : examplesOf(type)
    case 'InterfaceType':
    case 'StrictType':
    case 'PartialType': {
      const fields = Object.entries(props).map(([name, field]) => [name, examplesOf(field)] as const)
      const whole = Object.fromEntries(fields.map(([name, [first]]) => [name, first]))
      return [
        whole,
        ...fields.flatMap(([name, [, ...others]]) => others.map(other => ({ ...whole, [name]: other }))),
      ]
    }
    case 'UnionType':
      return types.flatMap(examplesOf)
    case 'IntersectionType':
      return [Object.assign({}, ...types.map(each => examplesOf(each)[0])) as unknown]
    default:
      throw new Error(
        `no values are known for ${_tag} (${codec.name}): give it some in ${import.meta.filename}`,
      )
  }
}

/** Any value that the codec takes. */
export const arbitraryOf = (codec: t.Mixed): fc.Arbitrary<unknown> => {
  const { _tag, name, props = {}, type, types = [], keys = {}, value, codomain } = tagged(codec)
  const fields = () =>
    Object.fromEntries(Object.entries(props).map(([key, field]) => [key, arbitraryOf(field)]))
  switch (_tag) {
    case 'StringType':
      return fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom(...awkward))
    case 'NumberType':
      return fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }))
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
      return type === undefined ? fc.constant([]) : fc.array(arbitraryOf(type), { maxLength: 5 })
    case 'AnyDictionaryType':
      return fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 5 })
    case 'DictionaryType':
      return fc.dictionary(fc.string(), codomain === undefined ? fc.jsonValue() : arbitraryOf(codomain), {
        maxKeys: 5,
      })
    case 'RefinementType':
      return words[name]?.any ?? (type === undefined ? fc.jsonValue() : arbitraryOf(type))
    case 'ExactType':
      return type === undefined ? fc.constant({}) : arbitraryOf(type)
    case 'InterfaceType':
    case 'StrictType':
      return fc.record(fields())
    case 'PartialType':
      return fc.record(fields(), { requiredKeys: [] })
    case 'UnionType':
      return fc.oneof(...types.map(arbitraryOf))
    case 'IntersectionType':
      return fc.tuple(...types.map(arbitraryOf)).map(parts => Object.assign({}, ...parts) as unknown)
    default:
      return fc.jsonValue()
  }
}

/** Strings that have broken things before. */
export const awkward = [
  '',
  ' ',
  '.',
  '..',
  '/',
  '../../etc/passwd',
  '%2e%2e%2f',
  '%00',
  '\0',
  '\r\n\r\n',
  '-1',
  '0',
  '1e309',
  'NaN',
  'null',
  'true',
  '__proto__',
  'constructor',
  'toString',
  '⛵',
  '\ud800',
  '\u202e',
  'a'.repeat(1000),
  '${7*7}',
  '{{.}}',
  "'; DROP TABLE containers; --",
  '(a+)+$',
] as const

/** Each event, member of a union or of a union of unions, as a codec of its own. */
export const membersOf = (codec: t.Mixed): ReadonlyArray<t.Mixed> => {
  const { _tag, types = [] } = tagged(codec)
  return _tag === 'UnionType' ? types.flatMap(membersOf) : [codec]
}
