import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { trialApi } from './support/trial-api.ts'

const failing = (problem: string) => ({
  registry: {
    resolve: () => TE.left({ reason: 'refused', problem, cause: 'reg.test: app: it is so' } as const),
    fetch: async function* () {},
  },
})

const pull = async (problem: string, reference = 'reg.test:5000/app:1') => {
  await using api = trialApi(failing(problem))
  const reply = await api.command('pull-image', { reference })
  const operation = await api.get(`/v1/operations/${String(reply.body['operation'])}`)
  return { reply, operation }
}

describe('a pull that failed', () => {
  const advice: Readonly<Record<string, RegExp | null>> = {
    'image-not-found': /the name and the tag/,
    'registry-unauthorized': /docker login reg\.test:5000 .*shiplog pull reg\.test:5000\/app:1$/,
    'registry-unreachable': /network.*insecure-registries/,
    'registry-refused': null,
    'registry-protocol': null,
    'digest-mismatch': /^shiplog pull reg\.test:5000\/app:1$/,
    'size-mismatch': /^shiplog pull reg\.test:5000\/app:1$/,
    'too-large': null,
    'platform-not-found': /--platform/,
    'no-space': /make room/,
  }

  for (const [problem, expected] of Object.entries(advice))
    it(`because of ${problem} ${expected === null ? 'has nothing to be tried' : 'says what to try'}`, async () => {
      const { reply, operation } = await pull(problem)
      assert(reply.status >= 400, reply.text)
      if (expected === null) assert.equal(reply.body['try'], undefined)
      else assert.match(String(reply.body['try']), expected)
      // Who waited in vain and asks for the operation later is told the same.
      assert.equal(operation.body['status'], 'failed')
      assert.equal(operation.body['try'], reply.body['try'] ?? null)
    })

  it('of the hub is logged in to without its name', async () => {
    const { reply } = await pull('registry-unauthorized', 'alpine')
    assert.match(
      String(reply.body['try']),
      /docker login and shiplog pull docker\.io\/library\/alpine:latest$/,
    )
  })

  it('is not the only operation: one that succeeded has nothing to be tried', async () => {
    await using api = trialApi()
    const { body } = await api.command('pull-image', { reference: 'alpine:3.20' })
    assert.deepEqual([body['status'], body['try']], ['succeeded', null])
  })
})
