import * as fc from 'fast-check'

/** What parsers trip over: brackets without end, numbers beyond numbers, words that objects have already. */
const splinters = [
  ...['{', '}', '[', ']', '"', ',', ':', '\\', '\\u0000', '\0', '\r\n', '\ufeff', '\ud800', 'null', 'true'],
  ...['-1', '1e400', '0.5', '9223372036854775808', '__proto__', 'constructor', 'toString', 'sha256:', '../'],
].map(text => Buffer.from(text))

const place = fc.double({ min: 0, max: 1, noNaN: true })
const mutation = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: place, bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('cut' as const), at: place }),
  fc.record({ kind: fc.constant('splice' as const), at: place, from: place, length: fc.nat(64) }),
  fc.record({ kind: fc.constant('drop' as const), at: place, length: fc.nat(64) }),
  fc.record({ kind: fc.constant('insert' as const), at: place, what: fc.constantFrom(...splinters) }),
)
type Mutation = typeof mutation extends fc.Arbitrary<infer M> ? M : never

const mutated = (bytes: Buffer, change: Mutation): Buffer => {
  const at = Math.floor(change.at * bytes.length)
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
  switch (change.kind) {
    case 'flip': {
      const copy = Buffer.from(bytes)
      if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << change.bit)
      return copy
    }
    case 'cut':
      return before
    case 'splice': {
      const from = Math.floor(change.from * bytes.length)
      return Buffer.concat([before, bytes.subarray(from, from + change.length), after])
    }
    case 'drop':
      return Buffer.concat([before, after.subarray(change.length)])
    case 'insert':
      return Buffer.concat([before, change.what, after])
  }
}

/** Valid bytes, one to four times bitten: flipped bits, cut ends, pieces of themselves and of others where they were not. */
export const mutationsOf = (bytes: Uint8Array): fc.Arbitrary<Buffer> =>
  fc
    .array(mutation, { minLength: 1, maxLength: 4 })
    .map(changes => changes.reduce(mutated, Buffer.from(bytes)))

const poisons: ReadonlyArray<unknown> = [
  ...[null, true, -1, 0.5, 1e308, 2 ** 63, '', [], {}, [[]], [null], { length: 1, 0: {} }],
  ...['__proto__', 'constructor', 'toString', 'sha256:x', '\0', '\ud800', 'x'.repeat(100_000)],
]

type Path = ReadonlyArray<string | number>

const pathsIn = (value: unknown, path: Path = []): ReadonlyArray<Path> => [
  path,
  ...(typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => pathsIn(inner, [...path, key]))
    : []),
]

const replaced = (value: unknown, [key, ...rest]: Path, by: unknown): unknown => {
  if (key === undefined) return by
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string, unknown>
  copy[key] = replaced(copy[key], rest, by)
  return copy
}

/** A valid document in which one to three parts, anywhere, are something else. */
export const poisoningsOf = (document: unknown): fc.Arbitrary<unknown> =>
  fc
    .array(
      fc.tuple(
        fc.constantFrom(...pathsIn(document)),
        fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...poisons) }, fc.jsonValue()),
      ),
      { minLength: 1, maxLength: 3 },
    )
    .map(changes => changes.reduce((whole, [path, by]) => replaced(whole, path, by), document))
