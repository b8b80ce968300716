import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { readConfig } from '../src/config.ts'
import { settingsOf } from '../src/status.ts'
import { runs } from './support/long.ts'
import { scratch } from './support/scratch.ts'

const valid = `# where things are
root = "/data/shiplog"
state = "/run/shiplog"
log = "esdb://localhost:2113?tls=false"
node = "n1"
record-env = "names"
insecure-registries = ["localhost:5000", "registry.test"]

[mirrors]
"docker.io" = ["https://mirror.test", "http://10.0.0.1"]
`

/** A configuration, or what is wrong with it in words: nothing is thrown, and nothing half read. */
const isRead = (outcome: ReturnType<typeof readConfig>) => {
  if (E.isLeft(outcome)) {
    const { errors, exitCode } = outcome.left
    assert.ok(errors.length > 0 && [2, 78].includes(exitCode))
    for (const error of errors) assert.ok(error.length > 0 && !error.includes('\n    at '), error)
    return
  }
  assert.ok(outcome.right !== 'help')
  const { values } = outcome.right
  for (const path of [values.root, values.state, values.socket]) assert.match(path, /^\//)
  assert.match(values.node, /^[a-z0-9]/)
  for (const list of [values['insecure-registries'], ...Object.values(values.mirrors)])
    for (const host of list) assert.equal(typeof host, 'string')
}

describe('the configuration', () => {
  it('is read or refused, whatever is in its file', () => {
    using directory = scratch('config')
    const path = join(directory.path, 'config.toml')
    const mutated = fc
      .tuple(fc.nat(valid.length), fc.uint8Array({ maxLength: 8 }), fc.nat(12))
      .map(([at, put, drop]) =>
        Buffer.concat([Buffer.from(valid.slice(0, at)), put, Buffer.from(valid.slice(at + drop))]),
      )
    const key = fc.constantFrom(
      'root',
      'node',
      'mirrors',
      'log',
      'insecure-registries',
      '__proto__',
      'constructor',
      'x',
    )
    const value = fc.oneof(
      fc.json(),
      fc.constantFrom('1979-05-27', 'inf', 'nan', '9223372036854775807', '0xff', "'''x'''"),
    )
    const assigned = fc
      .array(fc.tuple(key, value), { maxLength: 6 })
      .map(pairs => Buffer.from(pairs.map(([name, text]) => `${name} = ${text}\n`).join('')))
    fc.assert(
      fc.property(fc.oneof(mutated, assigned, fc.uint8Array({ maxLength: 300 })), bytes => {
        writeFileSync(path, bytes)
        isRead(readConfig(['--config', path], {}))
      }),
      { numRuns: runs(500, 50_000) },
    )
    writeFileSync(path, valid)
    assert.ok(E.isRight(readConfig(['--config', path], {})))
  })

  it('takes no time for what is nested without end', () => {
    using directory = scratch('config')
    const path = join(directory.path, 'config.toml')
    for (const text of [
      `x = ${'['.repeat(100_000)}`,
      `x = ${'{a='.repeat(50_000)}`,
      `${'[[a]]\n'.repeat(20_000)}`,
      `root = "${'/'.repeat(1_000_000)}"`,
      `[${'a.'.repeat(20_000)}a]`,
    ]) {
      writeFileSync(path, text)
      const began = performance.now()
      isRead(readConfig(['--config', path], {}))
      assert.ok(performance.now() - began < 2_000, text.slice(0, 20))
    }
  })

  it('is read or refused, whatever flags and variables say', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom('--root', '--bogus', '--', '-h', 'a=b,c=d', '/x', 'sqlite', ',', '='),
    )
    const names = fc.constantFrom(
      'SHIPLOG_ROOT',
      'SHIPLOG_MIRRORS',
      'SHIPLOG_NODE',
      'SHIPLOG_INSECURE_REGISTRIES',
      'SHIPLOG_LOG',
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), fc.dictionary(names, word), (args, env) => {
        if (args.some(arg => arg.includes('-h') || arg.startsWith('--config'))) return
        isRead(readConfig(args, env))
      }),
      { numRuns: runs(500, 50_000) },
    )
  })
})

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
