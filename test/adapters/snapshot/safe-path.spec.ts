import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { posix } from 'node:path'
import { LayerRefused } from '../../../src/adapters/snapshot/refusal.ts'
import { componentsOf } from '../../../src/adapters/snapshot/safe-path.ts'

const name = fc
  .array(fc.constantFrom('a', 'bc', '..', '.', '', '.wh.x', '...'), { maxLength: 8 })
  .map(parts => parts.join('/'))

describe('the components of a name', () => {
  it('L1 are those of the path as seen from a root', () => {
    fc.assert(
      fc.property(name, name => {
        assert.equal(`/${componentsOf(name).join('/')}`, posix.resolve('/', name))
      }),
    )
  })

  it('are what is written, byte by byte', () => {
    assert.deepEqual(componentsOf('./a\xff/b c\n/'), ['a\xff', 'b c\n'])
  })

  it('L9 have no NUL', () => {
    assert.throws(() => componentsOf('a\0b'), LayerRefused)
  })
})
