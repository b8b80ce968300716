import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { atDigest, familiar, parseReference } from '../../../src/domain/distribution/reference.ts'
import { ImageName } from '../../../src/domain/kernel/identifiers.ts'
import { digestOf } from '../../support/examples.ts'

const read = (reference: string) => {
  const result = parseReference(reference)
  if (E.isLeft(result)) throw new Error(result.left.cause)
  return result.right
}

const digest = digestOf(7)

describe('a reference is read as docker reads it', () => {
  // After github.com/distribution/reference, reference_test.go and normalize_test.go.
  const cases: ReadonlyArray<readonly [written: string, name: string, short: string]> = [
    ['alpine', 'docker.io/library/alpine:latest', 'alpine:latest'],
    ['alpine:3.20', 'docker.io/library/alpine:3.20', 'alpine:3.20'],
    ['docker.io/alpine', 'docker.io/library/alpine:latest', 'alpine:latest'],
    ['index.docker.io/alpine', 'docker.io/library/alpine:latest', 'alpine:latest'],
    ['docker.io/library/alpine', 'docker.io/library/alpine:latest', 'alpine:latest'],
    ['owner/app', 'docker.io/owner/app:latest', 'owner/app:latest'],
    ['library/a/b', 'docker.io/library/a/b:latest', 'library/a/b:latest'],
    ['localhost/app', 'localhost/app:latest', 'localhost/app:latest'],
    ['localhost:5000/app:1', 'localhost:5000/app:1', 'localhost:5000/app:1'],
    ['127.0.0.1:5000/a/b', '127.0.0.1:5000/a/b:latest', '127.0.0.1:5000/a/b:latest'],
    ['[::1]:5000/app', '[::1]:5000/app:latest', '[::1]:5000/app:latest'],
    ['[2001:db8::1]/app', '[2001:db8::1]/app:latest', '[2001:db8::1]/app:latest'],
    ['HOST/app', 'HOST/app:latest', 'HOST/app:latest'],
    ['xn--n3h.com/app', 'xn--n3h.com/app:latest', 'xn--n3h.com/app:latest'],
    ['foo_bar.com/app', '', ''],
    [`alpine@${digest}`, `docker.io/library/alpine@${digest}`, `alpine@${digest}`],
    [`alpine:3.20@${digest}`, `docker.io/library/alpine:3.20@${digest}`, `alpine:3.20@${digest}`],
    ['a__b/c---d:T_1.x-', 'docker.io/a__b/c---d:T_1.x-', 'a__b/c---d:T_1.x-'],
    // Docker would print `my.org/app` here, and read another registry out of it.
    ['docker.io/my.org/app', 'docker.io/my.org/app:latest', 'docker.io/my.org/app:latest'],
  ]
  for (const [written, name, short] of cases) {
    if (name === '') it(`${written} is refused`, () => assert(E.isLeft(parseReference(written))))
    else
      it(`${written} is ${name}`, () => {
        assert.equal(read(written).name, name)
        assert.equal(familiar(read(written)), short)
      })
  }

  it('has its parts at hand', () =>
    assert.deepEqual(read(`ghcr.io/owner/app:1@${digest}`), {
      domain: 'ghcr.io',
      path: 'owner/app',
      tag: '1',
      digest,
      name: `ghcr.io/owner/app:1@${digest}`,
    }))
  it('has no tag but what was written where there is a digest', () =>
    assert.equal(read(`alpine@${digest}`).tag, null))
  it('may be narrowed to one digest', () =>
    assert.equal(atDigest(read('alpine:3'), digest).name, `docker.io/library/alpine:3@${digest}`))
})

describe('a reference is refused, and it is said why', () => {
  const refused: ReadonlyArray<readonly [string, RegExp]> = [
    ['', /must not be empty/],
    ['a'.repeat(64), /is an id|are an id/],
    ['Alpine', /lower case/],
    ['owner/App', /lower case/],
    ['docker.io/', /not the name of a repository/],
    ['/alpine', /not the name of a repository/],
    ['a//b', /not the name of a repository/],
    ['a/../b', /not the name of a repository/],
    ['a/.b', /not the name of a repository/],
    ['a___b', /not the name of a repository/],
    ['-a/b', /not the name of a repository/],
    ['a-/b', /not the name of a repository/],
    ['-a.com/b', /not the name of a registry/],
    ['a.com:x/b', /not the name of a registry/],
    ['a.com:65536/b', /above 65535/],
    ['https://a.com/b', /not the name of a registry/],
    ['user@a.com/b', /not the name of a registry/],
    ['alpine:', /"" is not a tag/],
    ['alpine:-x', /not a tag/],
    [`alpine:${'x'.repeat(129)}`, /not a tag/],
    ['alpine:a:b', /not a tag/],
    ['alpine@', /not a sha256 digest/],
    ['alpine@sha256:abc', /not a sha256 digest/],
    ['alpine@sha256:../../x', /not the name of a registry/],
    ['o/alpine@sha256:../../x', /not a sha256 digest/],
    [`alpine@sha256:${'A'.repeat(64)}`, /not a sha256 digest/],
    [`alpine@md5:${'a'.repeat(32)}`, /not a sha256 digest/],
    [`alpine@sha512:${'a'.repeat(128)}`, /not a sha256 digest/],
    [`alpine@${digest}@${digest}`, /not a sha256 digest/],
    ['alpine\n', /not the name of a repository/],
    ['alp ine', /not the name of a repository/],
    ['alpiné', /not the name of a repository/],
    ['a'.repeat(256), /at most 255/],
    ['a'.repeat(100_000), /at most 1024/],
  ]
  for (const [reference, cause] of refused)
    it(JSON.stringify(reference.slice(0, 80)), () => {
      const result = parseReference(reference)
      assert(E.isLeft(result))
      assert.equal(result.left.reason, 'invalid-reference')
      assert.match(result.left.cause, cause)
    })
})

const word = fc.stringMatching(/^[a-z0-9]{1,8}$/)
const component = fc.tuple(
  word,
  fc.array(fc.tuple(fc.constantFrom('.', '_', '__', '-', '---'), word), { maxLength: 2 }),
)
const path = fc
  .array(
    component.map(([first, rest]) => first + rest.flat().join('')),
    { minLength: 1, maxLength: 4 },
  )
  .map(components => components.join('/'))
const domain = fc.constantFrom(
  '',
  'docker.io/',
  'ghcr.io/',
  'localhost/',
  'localhost:5000/',
  '[::1]:80/',
  'Host/',
)
const tag = fc.option(
  fc.stringMatching(/^\w[\w.-]{0,12}$/).map(t => `:${t}`),
  { nil: '' },
)
const pin = fc.constantFrom('', `@${digest}`)
const references = fc
  .tuple(domain, path, tag, pin)
  // What looks like a registry is one, and has its own grammar.
  .filter(([domain, path]) => domain !== '' || !/^(?:localhost|[^/]*\..*)\//.test(path))
  .map(parts => parts.join(''))

describe('whatever the reference', () => {
  it('its full name means the same, and is the name of an image', () =>
    fc.assert(
      fc.property(references, reference => {
        const parsed = read(reference)
        assert.deepEqual(read(parsed.name), parsed)
        assert(ImageName.is(parsed.name))
      }),
    ))
  it('its short form means the same', () =>
    fc.assert(
      fc.property(references, reference =>
        assert.deepEqual(read(familiar(read(reference))), read(reference)),
      ),
    ))
  it('any text is read or refused, never thrown at', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), text => {
        const result = parseReference(text)
        assert(E.isLeft(result) || ImageName.is(result.right.name))
      }),
    ))
})
