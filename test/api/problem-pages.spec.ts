import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { problemWords } from '../../src/api/problem-words.ts'

const root = join(import.meta.dirname, '..', '..')

describe('the pages of problems', () => {
  it('are what the table says', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/problem-pages.ts', '--check'], {
      cwd: root,
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
  })

  it('say for every reason when it is given, and what to do', () => {
    for (const [reason, { status, title, when, remedy }] of Object.entries(problemWords)) {
      assert.match(reason, /^[a-z]+(?:-[a-z]+)*$/)
      assert.ok(status >= 400 && status < 600, reason)
      assert.match(title, /^[a-z].*[^.]$/, reason)
      for (const sentence of [when, remedy]) assert.match(sentence, /^[A-Z`].*\.$/, reason)
    }
  })
})
