import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findProgram } from '../../../src/adapters/supervisor/programs.ts'

describe('a program', () => {
  it('is found by its name, and taken by its path', () => {
    assert.match(findProgram('sh'), /^\/.*\/sh$/)
    assert.equal(findProgram('/bin/sh'), '/bin/sh')
  })

  it('that is missing is told with the package that has it', () => {
    assert.throws(() => findProgram('no-such-runtime', 'runc'), {
      reason: 'runtime-missing',
      message: 'no-such-runtime is not installed (try: apt-get install runc)',
    })
    for (const path of ['/nonexistent/runc', '/etc/passwd', '/etc'])
      assert.throws(() => findProgram(path), {
        reason: 'runtime-missing',
        message: `${path} is not a program`,
      })
  })
})
