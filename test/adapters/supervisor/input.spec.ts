import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { it } from 'node:test'
import { openInputs } from '../../../src/adapters/supervisor/input.ts'
import type { ContainerId } from '../../../src/domain/kernel/identifiers.ts'

it('an input that is kept in the place of another closes it', () => {
  const closed: Array<string> = []
  const input = (name: string) => ({
    stream: () => new PassThrough(),
    held: () => null,
    close: () => void closed.push(name),
  })
  const owner = 'a'.repeat(64) as ContainerId
  const inputs = openInputs()
  const second = input('second')
  inputs.keep(owner, input('first'))
  inputs.keep(owner, second)
  assert.deepEqual(closed, ['first'])
  assert.equal(inputs.of(owner), second)
  inputs.forget(owner)
  assert.deepEqual(closed, ['first', 'second'])
})
