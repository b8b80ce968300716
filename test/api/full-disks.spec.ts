import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { commandNames, needsRoom } from '../../src/domain/processes/operation.ts'
import { trialApi } from './support/trial-api.ts'

/** Good bodies of what begins something; the others are refused for other reasons than want of room. */
const bodies: Readonly<Record<string, object>> = {
  'pull-image': { reference: 'alpine:3.20' },
  'create-container': { image: 'alpine:3.20' },
  'run-container': { image: 'alpine:3.20' },
  'start-container': { container: 'none' },
  'exec-container': { container: 'none', args: ['true'] },
}

describe('without room for more', () => {
  for (const command of commandNames)
    it(`D1 ${command} is ${needsRoom.has(command) ? 'refused, and nothing is recorded' : 'taken'}`, async () => {
      await using api = trialApi()
      api.setFull('/var/lib/shiplog')
      const { status, body, text } = await api.command(command, bodies[command] ?? { container: 'none' })
      if (!needsRoom.has(command)) return assert.notEqual(status, 507, text)
      assert.deepEqual([status, body['reason']], [507, 'no-room'], text)
      assert.match(String(body['detail']), /the disk is full.*\/var\/lib\/shiplog/)
      assert.match(String(body['try']), /shiplog rm/)
      const events = await api.get('/v1/events')
      assert.deepEqual(events.body['items'], [])
      api.setFull(null)
      assert.notEqual((await api.command(command, bodies[command])).status, 507)
    })
})

describe('a container that the host has no room for', () => {
  for (const [problem, advice] of [
    ['no-space', /make room/],
    ['too-many-open-files', /open files/],
    ['io-error', /disk/],
  ] as const)
    it(`D2 because of ${problem} is not the client's fault, and is told what to try`, async () => {
      const failing = () => TE.left({ reason: 'refused', problem, cause: 'it is so' } as const)
      await using api = trialApi({
        bundles: {
          prepare: failing,
          activate: failing,
          remove: () => TE.right(undefined),
          keepEnvironment: () => TE.right(undefined),
          outputPath: container => `/nowhere/${container}`,
        },
      })
      await api.withImage()
      const { status, body, text } = await api.command('create-container', { image: 'alpine:3.20' })
      assert.deepEqual([status, body['reason']], [500, 'container-create-failed'], text)
      assert.match(String(body['try']), advice)
      const operation = await api.get(`/v1/operations/${String(body['operation'])}`)
      assert.equal(operation.body['try'], body['try'])
    })
})
