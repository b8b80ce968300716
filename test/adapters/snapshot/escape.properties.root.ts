import assert from 'node:assert/strict'
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { listXattrs } from '../../../src/adapters/host/xattr.ts'
import { scratch } from '../../support/scratch.ts'
import { runs } from '../../support/long.ts'
import { archive } from './raw-tar.ts'
import type { Member } from './raw-tar.ts'
import { unpacked } from './unpacked.ts'

// Few names, so that entries meet: replace each other, go through each other's links, hide and link each other.
const component = fc.constantFrom('a', 'b', 'host', 'secret', '..', '.', '', '.wh.a', '.wh.b', '.wh..wh..opq')
const name = fc
  .tuple(fc.boolean(), fc.array(component, { minLength: 1, maxLength: 5 }))
  .map(([absolute, components]) => `${absolute ? '/' : ''}${components.join('/')}`)

const entry: fc.Arbitrary<Member> = fc.record({
  name,
  type: fc.constantFrom('0', '0', '1', '2', '2', '3', '5', '5', '6'),
  target: name,
  mode: fc.constantFrom(0o777, 0o6755),
  uid: fc.constantFrom(0, 1234),
  major: fc.constantFrom(0, 1),
  pax: fc.constantFrom({ 'SCHILY.xattr.user.evil': 'x' }, { mtime: '1.5' }),
})

const everything = ({ type, ...rest }: Member): Member =>
  type === '0' ? { ...rest, type, data: 'evil' } : { ...rest, ...(type === undefined ? {} : { type }) }

const stateOf = (path: string) => {
  const { mode, uid, gid, nlink, mtimeMs, ino } = lstatSync(path)
  return { mode, uid, gid, nlink, mtimeMs, ino, attributes: listXattrs(path).map(String) }
}

describe('whatever is in an archive', () => {
  it('L1 L2 L3 L4 L5 L6 L7 nothing outside of the layer is changed, and what is refused is refused for a reason', async () => {
    await using directory = scratch('escape')
    const host = join(directory.path, 'host')
    mkdirSync(host)
    writeFileSync(join(host, 'secret'), 'secret')
    const look = () => [directory.path, host, join(host, 'secret')].map(stateOf)
    const place = join(directory.path, 'place')
    mkdirSync(place)
    const before = look()
    let accepted = 0

    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 12 }), async entries => {
        await using trial = scratch('trial', place)
        const result = await unpacked(trial.path, archive(...entries.map(everything)))
        if (E.isRight(result)) accepted++
        else {
          assert.equal(result.left.reason, 'refused', result.left.cause)
          assert.match(result.left.problem, /^(path-escapes-root|unsupported-entry|corrupt-archive)$/)
        }
        assert.deepEqual(readdirSync(trial.path).toSorted(), ['blob', 'layer'])
        assert.deepEqual(readdirSync(directory.path).toSorted(), ['host', 'place'])
        assert.deepEqual(readdirSync(host), ['secret'])
        assert.equal(readFileSync(join(host, 'secret'), 'utf8'), 'secret')
        assert.deepEqual(look(), before)
      }),
      { numRuns: runs(400, 20_000) },
    )
    assert.ok(accepted > 20, `only ${accepted} were accepted`)
  })
})
