import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as E from 'fp-ts/lib/Either.js'
import { hostsFile } from '../../../src/domain/bundle/etc-files.ts'
import {
  checkedEnvironment,
  keptEnvironment,
  nameOf,
  recordedEnvironment,
  mergedEnvironment,
} from '../../../src/domain/bundle/environment.ts'
import { processArgs } from '../../../src/domain/bundle/process-args.ts'
import { stopSignal } from '../../../src/domain/bundle/stop-signal.ts'
import { workingDirectory } from '../../../src/domain/bundle/working-directory.ts'

const image = { entrypoint: ['/entry', '-e'], cmd: ['cmd'] }

test('entrypoint and command are resolved as docker does', () => {
  const resolved = (entrypoint: ReadonlyArray<string> | null, ...args: ReadonlyArray<string>) =>
    processArgs(image, { entrypoint, args })
  assert.deepEqual(resolved(null), E.right(['/entry', '-e', 'cmd']))
  assert.deepEqual(resolved(null, 'x'), E.right(['/entry', '-e', 'x']))
  assert.deepEqual(resolved(['/other']), E.right(['/other']))
  assert.deepEqual(resolved(['/other'], 'x', 'y'), E.right(['/other', 'x', 'y']))
  assert.deepEqual(resolved([''], 'x'), E.right(['x']))
  assert.deepEqual(resolved([]), E.right(['cmd']))
  assert.ok(E.isLeft(resolved([''])))
  assert.ok(E.isLeft(processArgs({ entrypoint: null, cmd: null }, { entrypoint: null, args: [] })))
  assert.deepEqual(
    processArgs({ entrypoint: null, cmd: ['sh'] }, { entrypoint: null, args: [] }),
    E.right(['sh']),
  )
})

test('of several values of one name the last counts, at the place of the first', () => {
  const merged = mergedEnvironment(['PATH=/i', 'A=1', 'B=1'], ['A=2', 'C=3', 'C=4'], {
    hostname: 'h',
    terminal: true,
  })
  assert.deepEqual(merged, ['PATH=/i', 'HOSTNAME=h', 'TERM=xterm', 'A=2', 'B=1', 'C=4'])
})

test('an error about the environment never has a value in it', () => {
  for (const entry of ['SECRET=hunter2\0', `SECRET=hunter2${'x'.repeat(131_072)}`]) {
    const checked = checkedEnvironment([entry], 'the environment')
    assert.ok(E.isLeft(checked))
    assert.doesNotMatch(checked.left.errors.join(), /hunter2/)
    assert.match(checked.left.errors.join(), /SECRET/)
  }
})

test('what is recorded of an environment is a matter of policy: entries, names, or nothing', () => {
  const entries = ['A=1', 'B=2', 'A=3']
  assert.deepEqual(recordedEnvironment(entries, 'names'), ['A', 'B'])
  assert.deepEqual(recordedEnvironment(entries, 'all'), ['A=3', 'B=2'])
  assert.deepEqual(recordedEnvironment(entries, 'none'), [])
  for (const policy of ['all', 'names', 'none'] as const) {
    const kept = keptEnvironment(recordedEnvironment(entries, policy), entries)
    assert.ok(E.isRight(kept))
    assert.deepEqual(
      new Map(kept.right.map(entry => [nameOf(entry), entry])),
      new Map([
        ['A', 'A=3'],
        ['B', 'B=2'],
      ]),
    )
  }
})

test('kept values are found by the names in the log', () => {
  assert.deepEqual(keptEnvironment(['B', 'A'], ['A=1', 'B=2=3', 'C=']), E.right(['B=2=3', 'A=1']))
  assert.deepEqual(keptEnvironment(['A', 'X', 'Y'], ['A=1']), E.left(['X', 'Y']))
})

test('the working directory is what was asked for, else the image’s, else the root', () => {
  assert.deepEqual(workingDirectory('/a', '/b'), E.right('/a'))
  assert.deepEqual(workingDirectory(null, '/b/'), E.right('/b'))
  assert.deepEqual(workingDirectory(null, 'b'), E.right('/b'))
  assert.deepEqual(workingDirectory(null, ''), E.right('/'))
  assert.deepEqual(workingDirectory(null, '../..'), E.right('/'))
  assert.deepEqual(workingDirectory(null, '/procedures'), E.right('/procedures'))
  assert.ok(E.isLeft(workingDirectory('/x/../proc/self', '')))
})

test('the stop signal is what was asked for, else the image’s, else SIGTERM', () => {
  assert.equal(stopSignal(2, 'SIGQUIT'), 2)
  assert.equal(stopSignal(null, 'SIGQUIT'), 3)
  assert.equal(stopSignal(null, 'SIGRTMIN+3'), 37)
  assert.equal(stopSignal(null, 'nonsense'), 15)
  assert.equal(stopSignal(null, null), 15)
})

test('a container finds itself by its whole name and its short one', () => {
  assert.match(hostsFile('web.example'), /^127\.0\.1\.1\tweb\.example web$/m)
  assert.match(hostsFile('web'), /^127\.0\.1\.1\tweb$/m)
})
