import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { isEffectFailure } from '../../../src/domain/kernel/problem.ts'
import { runs } from '../../support/long.ts'
import { mutationsOf, poisoningsOf } from '../../support/mutation.ts'
import { dockerConfigPath, dockerCredentials } from '../../../src/adapters/distribution/docker-credentials.ts'

const directory = mkdtempSync(join(tmpdir(), 'docker-config-'))
const path = join(directory, 'config.json')
const searched = process.env['PATH'] ?? ''

/** A helper that knows one name, and writes down what it was asked. */
const helper = `#!/bin/sh
read -r name
echo "$1 $name" >> ${directory}/asked
case "$name" in
  known.test) echo '{"ServerURL":"known.test","Username":"bob","Secret":"from the helper"}' ;;
  token.test) echo '{"Username":"<token>","Secret":"refresh"}' ;;
  broken.test) echo 'no keyring' ; exit 1 ;;
  strange.test) echo 'hello' ;;
  *) echo 'credentials not found in native keychain' ; exit 1 ;;
esac
`

before(() => {
  const program = join(directory, 'docker-credential-test')
  writeFileSync(program, helper)
  chmodSync(program, 0o755)
  process.env['PATH'] = directory + delimiter + searched
})
after(() => {
  process.env['PATH'] = searched
  rmSync(directory, { recursive: true })
})

const base64 = (text: string) => Buffer.from(text).toString('base64')

const lookUp = (config: unknown, host: string) => {
  writeFileSync(path, typeof config === 'string' ? config : JSON.stringify(config))
  return dockerCredentials(path)(host, 'any')
}

const password = (username: string, password: string) => ({ kind: 'password', username, password })

describe('docker’s configuration', () => {
  it('is where docker looks for it', () => {
    assert.equal(dockerConfigPath({ DOCKER_CONFIG: '/etc/docker' }), '/etc/docker/config.json')
    assert.equal(dockerConfigPath({ HOME: '/home/alice' }), '/home/alice/.docker/config.json')
  })

  it('need not be there', async () =>
    assert.equal(await dockerCredentials(join(directory, 'nothing'))('ghcr.io', 'any'), null))

  it('that is broken is said to be, without a word of what is in it', async () => {
    for (const broken of ['', 'secret', '{"auths": {"secret": 7}}', '[]'])
      await assert.rejects(lookUp(broken, 'ghcr.io'), (failure: { problem: string; cause: string }) => {
        assert.equal(failure.problem, 'registry-unauthorized')
        assert(!failure.cause.includes('secret'))
        return true
      })
  })

  it('has user and password in one, or apart', async () => {
    const auths = {
      'ghcr.io': { auth: base64('alice:a:b') },
      'quay.io': { username: 'bob', password: '' },
      'empty.test': {},
    }
    assert.deepEqual(await lookUp({ auths }, 'ghcr.io'), password('alice', 'a:b'))
    assert.deepEqual(await lookUp({ auths }, 'quay.io'), password('bob', ''))
    assert.equal(await lookUp({ auths }, 'empty.test'), null)
    assert.equal(await lookUp({ auths }, 'other.test'), null)
    await assert.rejects(lookUp({ auths: { 'a.test': { auth: base64('alice') } } }, 'a.test'))
  })

  it('has the hub’s under an old URL', async () => {
    const auths = { 'https://index.docker.io/v1/': { auth: base64('alice:secret') } }
    assert.deepEqual(await lookUp({ auths }, 'docker.io'), password('alice', 'secret'))
    assert.equal(await lookUp({ auths }, 'index.docker.io.evil.test'), null)
  })

  it('has others’ under whole URLs too, but never another port’s', async () => {
    const auths = { 'https://reg.test:5000/v2/': { auth: base64('alice:secret') } }
    assert.deepEqual(await lookUp({ auths }, 'reg.test:5000'), password('alice', 'secret'))
    assert.equal(await lookUp({ auths }, 'reg.test'), null)
    assert.equal(await lookUp({ auths }, 'g.test:5000'), null)
  })

  it('has tokens', async () => {
    const auths = {
      'a.test': { auth: base64('x:y'), identitytoken: 'it' },
      'b.test': { registrytoken: 'rt' },
    }
    assert.deepEqual(await lookUp({ auths }, 'a.test'), { kind: 'identity-token', token: 'it' })
    assert.deepEqual(await lookUp({ auths }, 'b.test'), { kind: 'registry-token', token: 'rt' })
  })

  it('knows who to ask', async () => {
    assert.deepEqual(await lookUp({ credsStore: 'test' }, 'known.test'), password('bob', 'from the helper'))
    assert.deepEqual(await lookUp({ credsStore: 'test' }, 'token.test'), {
      kind: 'identity-token',
      token: 'refresh',
    })
    assert.equal(await lookUp({ credsStore: 'test' }, 'other.test'), null)
    const one = { credHelpers: { 'known.test': 'test' }, auths: { 'a.test': { auth: base64('a:b') } } }
    assert.deepEqual(await lookUp(one, 'known.test'), password('bob', 'from the helper'))
    assert.deepEqual(await lookUp(one, 'a.test'), password('a', 'b'))
  })

  it('that is bitten is read or refused, and nothing of it is quoted', async () => {
    const honest = {
      auths: {
        'a.test': { auth: base64('alice:canary-1') },
        'b.test': { username: 'bob', password: 'canary-2' },
        'c.test': { identitytoken: 'canary-3' },
        'd.test': { auth: 'canary-4' },
      },
      credHelpers: { 'e.test': '../canary-5' },
    }
    const text = JSON.stringify(honest)
    const host = fc.constantFrom(
      'a.test',
      'b.test',
      'c.test',
      'd.test',
      'e.test',
      'toString',
      '__proto__',
      'constructor',
    )
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          mutationsOf(Buffer.from(text)).map(bytes => bytes.toString('latin1')),
          poisoningsOf(honest).map(value => JSON.stringify(value)),
        ),
        host,
        async (config, host) => {
          try {
            const found = await lookUp(config, host)
            assert(found === null || typeof Object.values(found)[1] === 'string')
          } catch (failure) {
            assert(isEffectFailure(failure), String(failure))
            assert.doesNotMatch(failure.cause, /canary-[1-4]/)
          }
        },
      ),
      { numRuns: runs(200, 10_000) },
    )
  })

  it('knows who to ask who does not answer well', async () => {
    const unauthorized = { reason: 'refused', problem: 'registry-unauthorized' }
    for (const host of ['broken.test', 'strange.test'])
      await assert.rejects(lookUp({ credsStore: 'test' }, host), unauthorized)
    await assert.rejects(lookUp({ credsStore: 'is-not-there' }, 'a.test'), unauthorized)
    await assert.rejects(lookUp({ credsStore: '../../bin/sh' }, 'a.test'), unauthorized)
  })
})
