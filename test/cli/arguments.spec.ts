import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { inputsOf, normalise } from '../../src/cli/arguments.ts'
import { catalogue } from '../../src/cli/catalogue.ts'
import type { AnyCommand } from '../../src/cli/command.ts'
import { UsageError } from '../../src/cli/failure.ts'
import { parse } from '../../src/cli/parser.ts'
import { readQuickly } from '../../src/cli/quick-reading.ts'

const run = await (catalogue['run'] as (typeof catalogue)[string]).load()
const logs = await (catalogue['logs'] as (typeof catalogue)[string]).load()

const read = (spec: AnyCommand, ...argv: ReadonlyArray<string>) => readQuickly(spec, normalise(argv, spec))

describe("docker's grammar of flags", () => {
  const same: ReadonlyArray<readonly [string, ReadonlyArray<string>, object]> = [
    ['letters together', ['-it'], { interactive: true, tty: true }],
    ['a value beside its letter', ['-eA=b'], { env: ['A=b'] }],
    ['a value after a letter and =', ['-w=/tmp'], { workdir: '/tmp' }],
    ['letters, the last with its value', ['-itw/dir'], { interactive: true, tty: true, workdir: '/dir' }],
    ['a value after =', ['--name=web'], { name: 'web' }],
    ['a value that begins with a dash', ['--name', '-x'], { name: '-x' }],
    ['an empty value', ['--entrypoint', ''], { entrypoint: '' }],
    ['an empty value after =', ['--entrypoint='], { entrypoint: '' }],
    ['a value with a newline', ['-e', 'A=one\ntwo'], { env: ['A=one\ntwo'] }],
    ['a switch set to false', ['--rm=false'], { rm: false }],
    ['a short switch set to false', ['-i=false'], { interactive: false }],
    ['the last of two values', ['--name', 'a', '--name', 'b'], { name: 'b' }],
    ['all of many values', ['-e', 'A=1', '--env', 'B=2'], { env: ['A=1', 'B=2'] }],
  ]
  for (const [what, argv, flags] of same)
    it(`reads ${what}`, () => assert.deepEqual(read(run, ...argv, 'image'), { flags, args: ['image'] }))

  it('reads a moment in the past as a value', () =>
    assert.deepEqual(read(logs, '--since', '-10m', 'web'), { flags: { since: '-10m' }, args: ['web'] }))

  it('takes flags after arguments, where the arguments are not for somebody else', () =>
    assert.deepEqual(read(logs, 'web', '-f'), { flags: { follow: true }, args: ['web'] }))

  it('leaves everything after the image alone', () =>
    assert.deepEqual(read(run, 'image', '--rm', '--', '-x'), {
      flags: {},
      args: ['image', '--rm', '--', '-x'],
    }))

  it('knows a lone dash for an argument', () => assert.deepEqual(read(logs, '-'), { flags: {}, args: ['-'] }))

  it('hears the call for help, but not the one in the container', () => {
    assert.equal(normalise(['--help'], run).asksForHelp, true)
    assert.equal(normalise(['image', '--help'], run).asksForHelp, false)
    assert.equal(normalise(['-h'], logs).asksForHelp, true)
  })
})

describe('the quick reading', () => {
  const words = [
    '-i',
    '-t',
    '-it',
    '--rm',
    '--rm=false',
    '--rm=maybe',
    '-e',
    '--env',
    'A=1',
    '--name',
    'web',
    '--nmae',
  ]
  const more = [
    '--pull',
    'always',
    'allways',
    '--pull=never',
    '--',
    '-x',
    '--help=1',
    '',
    'alpine',
    '-w/tmp',
    '-n',
    '\n',
  ]
  const argv = fc.array(fc.constantFrom(...words, ...more), { maxLength: 8 })

  const carefully = async (spec: AnyCommand, input: ReadonlyArray<string>) => {
    try {
      const { flags, args } = await parse(spec, 'run', inputsOf(normalise(input, spec)))
      return {
        flags: Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)),
        args,
      }
    } catch (error) {
      assert.ok(error instanceof UsageError)
      return null
    }
  }

  for (const [name, spec] of [
    ['run', run],
    ['logs', logs],
  ] as const) {
    it(`comes to what the parser comes to, or leaves it to the parser (${name})`, () =>
      fc.assert(
        fc.asyncProperty(argv, async input => {
          const quick = readQuickly(spec, normalise(input, spec))
          if (quick !== null) assert.deepEqual(quick, await carefully(spec, input))
        }),
      ))
  }

  it('does not leave what is right to the parser', () =>
    assert.notEqual(
      readQuickly(run, normalise(['--rm', '-e', 'A=1', '--pull=never', 'alpine', 'true'], run)),
      null,
    ))
})
