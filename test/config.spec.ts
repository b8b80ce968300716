import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as E from 'fp-ts/lib/Either.js'
import { readConfig } from '../src/config.ts'
import { settingsOf } from '../src/status.ts'

const passwords = ['canary-1', 'canary@2', 'canary/3', 'canary:4', 'canary?5', 'canary#6']

describe('the connection string of a log', () => {
  it('is shown without its password, however that is written', () => {
    for (const password of passwords) {
      const read = readConfig(['--log', `esdb://admin:${password}@host:2113?tls=false`], {})
      assert(E.isRight(read) && read.right !== 'help')
      const shown = JSON.stringify(settingsOf(read.right))
      assert.doesNotMatch(shown, /canary/)
      assert.match(shown, /esdb:\/\/host:2113/)
    }
  })

  it('is not quoted with its password where it is none', () => {
    for (const password of passwords)
      for (const [args, env] of [
        [['--log', `esbd://admin:${password}@host`], {}],
        [[], { SHIPLOG_LOG: `admin:${password}@host` }],
      ] as const) {
        const read = readConfig(args, env)
        assert(E.isLeft(read))
        assert.match(read.left.errors.join(), /^log \(from the (?:flag|environment)\)/)
        assert.doesNotMatch(read.left.errors.join(), /canary/)
      }
  })
})
