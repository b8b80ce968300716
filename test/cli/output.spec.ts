import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ago, duration, span } from '../../src/cli/output/age.ts'
import { hasColour, harmless, painter } from '../../src/cli/output/colour.ts'
import { containerRow, statusText } from '../../src/cli/output/container-row.ts'
import { familiar, nameParts } from '../../src/cli/output/image-name.ts'
import { eventLine } from '../../src/cli/output/event-line.ts'
import { imageRow } from '../../src/cli/output/image-row.ts'
import { containerView } from '../../src/cli/output/inspect-view.ts'
import { pagerCommand } from '../../src/cli/output/pager.ts'
import { layerLine } from '../../src/cli/output/progress.ts'
import { size } from '../../src/cli/output/size.ts'
import { cut, table } from '../../src/cli/output/table.ts'
import { fields, template } from '../../src/cli/output/template.ts'
import { container, digest, event, image } from './support/examples.ts'

describe('ages', () => {
  const cases: ReadonlyArray<readonly [number, string]> = [
    [400, 'Less than a second'],
    [1_000, '1 second'],
    [59_000, '59 seconds'],
    [60_000, 'About a minute'],
    [150_000, '2 minutes'],
    [3_600_000, 'About an hour'],
    [47 * 3_600_000, '47 hours'],
    [3 * 86_400_000, '3 days'],
    [15 * 86_400_000, '2 weeks'],
    [70 * 86_400_000, '2 months'],
    [800 * 86_400_000, '2 years'],
  ]
  for (const [milliseconds, text] of cases)
    it(`are worded as docker does: ${text}`, () => assert.equal(duration(milliseconds), text))

  it('are not known where the time is not', () => assert.equal(ago(null, new Date()), 'N/A'))

  it('are short between events', () =>
    assert.deepEqual([12, 1_500, 120_000, 7_200_000].map(span), ['12 ms', '1.5 s', '2 min', '2.0 h']))
})

describe('sizes', () => {
  for (const [bytes, text] of [
    [0, '0B'],
    [999, '999B'],
    [1_000, '1kB'],
    [7_834_000, '7.83MB'],
    [999_600, '1MB'],
    [1_234_000_000, '1.23GB'],
  ] as const)
    it(`of ${bytes} bytes are ${text}`, () => assert.equal(size(bytes), text))
})

describe('tables', () => {
  it('have columns as wide as what is in them, and no blanks at the end', () =>
    assert.equal(
      table(
        ['A', 'LONGER'],
        [
          ['wide cell', 'x'],
          ['ü', ''],
        ],
      ),
      'A           LONGER\nwide cell   x\nü\n',
    ))

  it('let no cell write to the terminal what it likes', () =>
    assert.equal(table(null, [['a\x1b[31m\nb', 'c']]), 'a\\x1b[31m b   c\n'))

  it('cut what is long', () => assert.equal(cut('0123456789', 5), '0123…'))
})

describe('colour', () => {
  const terminal = { env: {}, isTerminal: () => true }
  it('is for terminals', () => {
    assert.equal(hasColour(terminal, false, 'stdout'), true)
    assert.equal(hasColour({ ...terminal, isTerminal: name => name === 'stderr' }, false, 'stdout'), false)
    assert.equal(hasColour({ ...terminal, isTerminal: name => name === 'stderr' }, false, 'stderr'), true)
  })
  for (const [what, env, isRefused] of [
    ['NO_COLOR', { NO_COLOR: '1' }, false],
    ['a dumb terminal', { TERM: 'dumb' }, false],
    ['--no-color', {}, true],
  ] as const)
    it(`is not for ${what}`, () => assert.equal(hasColour({ ...terminal, env }, isRefused, 'stdout'), false))

  it('leaves text alone where it is off', () => {
    assert.equal(painter(false)('red', 'x'), 'x')
    assert.equal(painter(true)('red', 'x'), '\x1b[31mx\x1b[39m')
  })

  it('is not for others to bring', () => assert.equal(harmless('a\x1b]0;b\x07\tc\n'), 'a\\x1b]0;b\\x07\tc\n'))
})

describe('templates', () => {
  const value = {
    Name: 'web',
    Ports: [80, 443],
    State: { ExitCode: 137, OOM: false },
    Labels: { b: '2', a: '1' },
  }
  const cases: ReadonlyArray<readonly [string, string]> = [
    ['{{.Name}}', 'web'],
    ['{{ .State.ExitCode }}/{{.State.OOM}}', '137/false'],
    ['{{json .State}}', '{"ExitCode":137,"OOM":false}'],
    ['{{.Ports}} {{.Labels}}', '[80 443] map[a:1 b:2]'],
    ['{{join .Ports ", "}}', '80, 443'],
    ['{{.Name | upper}} {{lower "ABC"}} {{title "abc"}}', 'WEB abc Abc'],
    ['{{printf "%-6s|%4d|%q" .Name .State.ExitCode .Name}}', 'web   | 137|"web"'],
    ['{{index .Labels "a"}} {{len .Ports}}', '1 2'],
    ['{{if .State.OOM}}oom{{else if eq .Name "web"}}web{{else}}other{{end}}', 'web'],
    ['{{range .Ports}}<{{.}}>{{end}}', '<80><443>'],
    ['{{with .State}}{{.ExitCode}} of {{$.Name}}{{end}}', '137 of web'],
    ['{{range .None}}x{{else}}none{{end}}', 'none'],
    ['{{.None}} {{.None.Further}}', '<no value> <no value>'],
    ['a {{- " b " -}} c', 'a b c'],
    ['{{`{{raw}}`}}{{/* a remark */}}', '{{raw}}'],
    ['{{if and .Name (not .State.OOM)}}yes{{end}}', 'yes'],
    ['{{split "a,b" ","}}', '[a b]'],
    ['one\\ttwo', 'one\ttwo'],
  ]
  for (const [source, text] of cases)
    it(`understand ${source}`, () => assert.equal(template(source).render([value]), `${text}\n`))

  for (const [source, message] of [
    ['{{.Name', /not closed/],
    ['{{if .Name}}x', /an {{end}} is missing/],
    ['x{{end}}', /an {{end}} too many/],
    ['{{else}}', /{{else}} without/],
    ['{{frobnicate .Name}}', /no function frobnicate/],
    ['{{(.Name}}', /a \) is missing/],
    ['{{.Name)}}', /a \) too many/],
    ['{{}}', /is empty/],
    ['{{.Name.Further}}', /nothing at .Name.Further/],
    ['{{.Name 1}}', /takes no arguments/],
    ['{{constructor}}', /no function constructor/],
  ] as const)
    it(`refuse ${source}`, () => assert.throws(() => template(source).render([value]), message))

  it('make tables with the headers that docker has', () =>
    assert.equal(
      template('table {{.ID}}\\t{{.Names}}').render([{ ID: 'abc', Names: 'web' }], {
        ID: 'CONTAINER ID',
        Names: 'NAMES',
      }),
      'CONTAINER ID   NAMES\nabc            web\n',
    ))

  it('say which fields there are, where there is no such one', () =>
    assert.throws(() => template('{{.Nmae}}').render([fields({ Name: 'x' })]), /there is no field .Nmae/))
})

describe('a container in a list', () => {
  const now = new Date('2026-11-24T12:00:00Z')
  const exit = { exitCode: 137, signal: 9, oomKilled: false, exitedAt: '2026-11-24T11:59:00Z' }
  const ended = { endedAt: '2026-11-24T11:58:00Z' }
  const cases: ReadonlyArray<readonly [Parameters<typeof container>[0], string]> = [
    [{ status: 'running' }, 'Up 3 minutes'],
    [{ status: 'paused' }, 'Up 3 minutes (Paused)'],
    [{ status: 'exited', exit }, 'Exited (137) About a minute ago'],
    [{ status: 'exited', exit: { ...exit, oomKilled: true } }, 'Exited (137, OOM) About a minute ago'],
    [{ status: 'lost', lost: 'host-restarted', ...ended }, 'Lost (the host went down) 2 minutes ago'],
    [
      { status: 'start-failed', failure: { problem: 'x', cause: 'x', exitCode: 127 }, ...ended },
      'Start failed (127) 2 minutes ago',
    ],
    [{ status: 'removed', removedAt: '2026-11-24T11:59:30Z' }, 'Removed 30 seconds ago'],
    [{ status: 'created' }, 'Created'],
  ]
  for (const [changes, text] of cases)
    it(`is said to be: ${text}`, () => assert.equal(statusText(container(changes), now), text))

  it("has docker's fields", () => {
    const row = containerRow(container(), now, false)
    assert.equal(row.ID, 'a1b2c3d4e5f6')
    assert.equal(row.Image, 'alpine:3.20')
    assert.equal(row.Command, '"sleep 60"')
    assert.equal(template('{{.Label "tier"}}{{.Label "none"}}').render([row]), 'front\n')
  })

  it('that was lost has no exit code', () => {
    const view = containerView(container({ status: 'lost', lost: 'monitor-died' }))
    assert.equal(template('{{.State.ExitCode}} {{.State.Status}}').render([view]), '<nil> dead\n')
  })
})

describe('an image in a list', () => {
  it('has its repository and its tag apart, ports and digests too', () => {
    assert.deepEqual(nameParts('docker.io/library/alpine:3.20'), {
      repository: 'alpine',
      tag: '3.20',
      digest: null,
    })
    assert.deepEqual(nameParts('localhost:5000/a/b'), {
      repository: 'localhost:5000/a/b',
      tag: null,
      digest: null,
    })
    assert.deepEqual(nameParts(`ghcr.io/a:1@${digest('1')}`), {
      repository: 'ghcr.io/a',
      tag: '1',
      digest: digest('1'),
    })
    assert.equal(familiar('docker.io/library/alpine:latest'), 'alpine')
  })

  it('has the size it takes unpacked, as docker says it', () => {
    const now = new Date('2026-11-24T12:00:00Z')
    assert.equal(imageRow(image(), now, false).Size, '7.8MB')
    assert.equal(imageRow(image({ unpackedSize: null }), now, false).Size, '3.6MB')
  })
})

describe('an event on one line', () => {
  const exited = event(12, 'ContainerExited', { exitCode: 137, signal: 9, oomKilled: false, run: 1 })
  const plain = painter(false)

  it('says when, where, what and who', () =>
    assert.match(
      eventLine(exited, 'short', plain),
      /^2026-11-24 \d\d:58:12 @12 ContainerExited a1b2c3d4e5f6 exitCode=137 signal=SIGKILL run=1 by root$/,
    ))

  it('has the time as it was recorded with short-iso, and nothing but the fact with cat', () => {
    assert.match(eventLine(exited, 'short-iso', plain), /^2026-11-24T11:58:12\.000Z @12 /)
    assert.equal(
      eventLine(exited, 'cat', plain),
      'ContainerExited a1b2c3d4e5f6 exitCode=137 signal=SIGKILL run=1',
    )
  })

  it('is the whole event with json', () =>
    assert.deepEqual(JSON.parse(eventLine(exited, 'json', plain)), exited))

  it('stays one line whatever is in it', () => {
    const failed = event(3, 'ContainerStartFailed', { failure: { problem: 'x', cause: 'one\n\x1b[2Jtwo' } })
    assert.doesNotMatch(eventLine(failed, 'short', plain), /\n|\x1b/)
  })
})

describe('progress', () => {
  const layer = { digest: digest('a'), total: 1_000_000 }
  it('is a bar with bytes and rate', () =>
    assert.equal(
      layerLine({ ...layer, phase: 'fetching', bytes: 500_000 }, 1_000),
      '  aaaaaaaaaaaa  fetching      ############............  500kB of 1MB  500kB/s',
    ))
  it('says what was there already', () =>
    assert.equal(layerLine({ ...layer, phase: 'exists', bytes: 0 }, 0), '  aaaaaaaaaaaa  already here  1MB'))
})

describe('the pager', () => {
  for (const [env, command] of [
    [{}, 'less -FIRX'],
    [{ PAGER: 'more' }, 'more'],
    [{ PAGER: 'more', SHIPLOG_PAGER: 'less' }, 'less'],
    [{ PAGER: '' }, null],
    [{ SHIPLOG_PAGER: 'cat' }, null],
  ] as const)
    it(`of ${JSON.stringify(env)} is ${command}`, () =>
      assert.equal(
        pagerCommand(env, () => true),
        command,
      ))

  it('is none where none is named and less is not installed', () =>
    assert.equal(
      pagerCommand({}, () => false),
      null,
    ))
})
