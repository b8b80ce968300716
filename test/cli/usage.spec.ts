import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { normalise } from '../../src/cli/arguments.ts'
import { catalogue, families } from '../../src/cli/catalogue.ts'
import { readQuickly } from '../../src/cli/quick-reading.ts'
import { shiplog } from './support/command-line.ts'

const commands = Object.keys(catalogue).filter(name => families[name] === undefined)

describe('every command', () => {
  for (const name of commands) {
    it(`${name} explains itself, examples first, without a daemon`, async () => {
      const { exitCode, out, err } = await shiplog({}, name, '--help')
      assert.deepEqual({ exitCode, err }, { exitCode: 0, err: '' })
      assert.match(out, /^[A-Z].*\.\n\n {2}shiplog /)
      assert.ok(
        out.split('\n').every(line => line.length <= 110),
        'a line is longer than 110 columns',
      )
    })

    it(`${name} has examples that it can read`, async () => {
      const spec = await (catalogue[name] as (typeof catalogue)[string]).load()
      const [first = ''] = spec.usage.split(' ')
      for (const [line] of spec.examples) {
        const [verb, ...rest] = words(line)
        const argv = verb === first && families[first] !== undefined ? rest.slice(1) : rest
        assert.equal(verb, first)
        assert.notEqual(readQuickly(spec, normalise(argv, spec)), null, `shiplog ${line}`)
      }
    })

    it(`${name} refuses a flag that there is not, and says which command explains it`, async () => {
      const { exitCode, out, err } = await shiplog({}, name, '--no-such-flag-at-all')
      assert.deepEqual({ exitCode, out }, { exitCode: 2, out: '' })
      assert.match(
        err,
        new RegExp(`^shiplog: there is no flag --no-such-flag-at-all.*\\ntry: shiplog ${name} --help\\n$`),
      )
    })
  }

  const withoutArguments = ['ps', 'events', 'replay', 'projection-ls', 'version', 'info', 'config', 'daemon']
  for (const name of withoutArguments) {
    it(`${name} refuses an argument`, async () => {
      const { exitCode, err } = await shiplog({}, name, 'surplus')
      assert.equal(exitCode, 2)
      assert.match(err, /no argument is expected, and there is "surplus"/)
    })
  }

  const wanting = commands.filter(name => ![...withoutArguments, 'images', 'history'].includes(name))
  for (const name of wanting) {
    it(`${name} says which argument is missing`, async () => {
      const { exitCode, out, err } = await shiplog({}, name)
      assert.deepEqual({ exitCode, out }, { exitCode: 2, out: '' })
      assert.match(err, /^shiplog: [A-Z]+ is missing\ntry: /)
    })
  }
})

/** Splits as a shell does, as far as examples need it. */
const words = (line: string): ReadonlyArray<string> =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')

describe('wrong usage', () => {
  const wrong: ReadonlyArray<readonly [ReadonlyArray<string>, RegExp]> = [
    [['pss'], /there is no command pss: did you mean ps\?/],
    [['imgaes'], /did you mean images\?/],
    [['constructor'], /there is no command constructor/],
    [['image', 'constructor'], /there is no command image constructor/],
    [['ps', '--formt', 'x'], /there is no flag --formt: did you mean --format\?/],
    [['ps', '-z'], /there is no flag -z/],
    [['--frobnicate'], /there is no flag --frobnicate before a command/],
    [['image', 'lss'], /there is no command image lss: did you mean image ls\?/],
    [['image'], /image needs a command: one of ls, list/],
    [['container', 'frobnicate'], /there is no command container frobnicate/],
    [['run', '--name'], /--name needs a value/],
    [['run', '--pull', 'sometimes', 'a'], /--pull "sometimes": it is one of always, missing, never/],
    [['run', '--rm=perhaps', 'a'], /--rm "perhaps"/],
    [['run', '--memory', 'lots', 'a'], /--memory: memory limit "lots" is not a size/],
    [['run', '--cpus', '-1', 'a'], /--cpus: number of CPUs "-1" is not a number/],
    [['run', '--pids-limit', 'many', 'a'], /--pids-limit: "many" is not a number of processes/],
    [['run', '-v', 'data:/data', 'a'], /there are no named volumes/],
    [['run', '--tmpfs', 'relative', 'a'], /--tmpfs: /],
    [['run', '--ulimit', 'nofile', 'a'], /--ulimit: /],
    [['run', '--cap-add', 'FLY', 'a'], /--cap-add: /],
    [['run', '--network', 'bridge', 'a'], /there is no network bridge; it is none or host/],
    [['run', '--security-opt', 'apparmor=x', 'a'], /--security-opt: cannot do "apparmor=x"/],
    [['run', '--security-opt', 'seccomp=/no/such', 'a'], /seccomp=\/no\/such: there is no such file/],
    [['run', '--env-file', '/no/such', 'a'], /--env-file \/no\/such: there is no such file/],
    [['run', '-e', '=x', 'a'], /--env: "=x" has no name/],
    [['run', '-l', '=x', 'a'], /--label: "=x" has no key/],
    [['run', '-it', 'a'], /-t with -i needs a terminal, and stdin is none/],
    [['run', '--detach-keys', 'ctrl-1', 'a'], /--detach-keys "ctrl-1": cannot read "ctrl-1"/],
    [['run', '--stop-signal', 'NOPE', 'a'], /there is no signal NOPE/],
    [['exec', 'web'], /COMMAND is missing/],
    [['exec', '-it', 'web', 'sh'], /needs a terminal/],
    [['start', '-a', 'a', 'b'], /only one container/],
    [['stop', '-t', 'soon', 'web'], /--timeout "soon": not a number/],
    [['stop', '-t', '-2', 'web'], /--timeout "-2"/],
    [['kill', '-s', 'NOPE', 'web'], /there is no signal NOPE/],
    [['logs', '--tail', 'x', 'web'], /--tail "x": it is a number of lines, or all/],
    [['ps', '--filter', 'colour=red'], /--filter: there is no key colour/],
    [['ps', '--filter', 'name'], /it is written as KEY=VALUE/],
    [['ps', '--json', '--format', 'x'], /--json and --format ask for different things/],
    [['images', 'a', 'b'], /too many arguments: "b"/],
    [['rename', 'a'], /NAME is missing/],
    [['tag', 'a', 'b', 'c'], /too many arguments/],
    [['events', '-f', '-r'], /-f and -r exclude each other/],
    [['events', '-n', 'few'], /--lines "few"/],
    [['events', '-o', 'xml'], /--output "xml": it is one of short, short-iso, json, cat/],
    [['events', '--output-fields', 'id'], /--output-fields is for -o json/],
    [['inspect', '--type', 'volume', 'x'], /--type "volume"/],
    [['inspect', '-f', '{{.Id', 'x'], /is not closed with }}/],
    [['completions', 'tcsh'], /there are no completions for tcsh/],
    [['--host', 'ftp://x', 'ps'], /--host: cannot read "ftp:\/\/x"/],
  ]
  for (const [argv, message] of wrong) {
    it(`shiplog ${argv.join(' ')}`, async () => {
      const { exitCode, out, err } = await shiplog({ host: 'unix:///no/such/socket' }, ...argv)
      assert.match(err, message)
      assert.deepEqual({ exitCode, out }, { exitCode: 2, out: '' })
    })
  }
})

describe('shiplog alone', () => {
  it('is at most 25 lines with two examples, and lists every command', async () => {
    const { exitCode, out } = await shiplog({})
    assert.equal(exitCode, 0)
    assert.ok(out.split('\n').length <= 26)
    assert.equal(out.match(/^ {2}shiplog /gm)?.length, 2)
    for (const [name, { isHidden }] of Object.entries(catalogue))
      if (isHidden !== true) assert.match(out, new RegExp(`\\b${name}\\b`))
  })

  it('is the same for --help and help, and help COMMAND explains one', async () => {
    const { out } = await shiplog({})
    assert.equal((await shiplog({}, '--help')).out, out)
    assert.equal((await shiplog({}, 'help')).out, out)
    assert.match((await shiplog({}, 'help', 'why')).out, /^Why a container is as it is\./)
  })
})

describe("docker's longer names", () => {
  for (const [family, members] of Object.entries(families))
    for (const [member, name] of Object.entries(members))
      it(`${family} ${member} is ${name}`, async () =>
        assert.equal(
          (await shiplog({}, family, member, '--help')).out,
          (await shiplog({}, name, '--help')).out,
        ))
})

describe('completions', () => {
  const completing = async (...words: ReadonlyArray<string>) =>
    (await shiplog({}, '__complete', ...words)).out.split('\n')

  it('propose commands, flags and values', async () => {
    assert.deepEqual(await completing('im'), ['images', ''])
    assert.ok((await completing('run', '--pids')).includes('--pids-limit'))
    assert.deepEqual(await completing('run', '--pull', 'm'), ['missing', ''])
    assert.deepEqual(await completing('image', 'in'), ['inspect', ''])
  })

  for (const shell of ['bash', 'zsh', 'fish'])
    it(`come as a script for ${shell}`, async () =>
      assert.match((await shiplog({}, 'completions', shell)).out, /shiplog __complete/))
})
