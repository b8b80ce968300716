import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { openRunc } from '../../../src/adapters/executor/runc.ts'
import { launchFailure } from '../../../src/adapters/supervisor/launch-failure.ts'
import { readOutput } from '../../../src/adapters/supervisor/output-log.ts'
import { outputParser } from '../../../src/adapters/supervisor/output-parser.ts'
import { beginRun, readExit, readMark, readPid } from '../../../src/adapters/supervisor/run-files.ts'
import { listen } from '../../../src/adapters/supervisor/sync-fifo.ts'
import { verdict } from '../../../src/domain/supervisor/index.ts'
import { containerId } from '../../support/examples.ts'
import { runs } from '../../support/long.ts'
import { scratch } from '../../support/scratch.ts'
import { soon } from '../../support/soon.ts'

const MiB = 2 ** 20
const bytes = fc.uint8Array({ maxLength: 400 }).map(array => Buffer.from(array))

/** Valid bytes in which something was changed, left out, put in or doubled. */
const mutated = (...valid: ReadonlyArray<string>) =>
  fc
    .record({
      text: fc.constantFrom(...valid),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      put: fc.uint8Array({ maxLength: 6 }),
      drop: fc.nat(6),
      times: fc.integer({ min: 1, max: 3 }),
    })
    .map(({ text, at, put, drop, times }) => {
      const whole = Buffer.from(text)
      const from = Math.floor(at * whole.length)
      const changed = Buffer.concat([whole.subarray(0, from), put, whole.subarray(from + drop)])
      return Buffer.concat(Array.from({ length: times }, () => changed))
    })

const anyBytes = (...valid: ReadonlyArray<string>) => fc.oneof(bytes, mutated(...valid))

/** How much more is held after it, when what nobody holds is gone. */
const held = async (run: () => unknown) => {
  const before = process.memoryUsage().rss
  await run()
  return process.memoryUsage().rss - before
}

describe('what conmon writes on its sync pipe', () => {
  const said = (data: Buffer) => {
    // A file is read to its end at once, as a FIFO whose writer is gone.
    using directory = scratch('sync')
    const path = join(directory.path, 'sync')
    writeFileSync(path, data)
    return listen(path)
  }

  it('is a number and perhaps some text, whatever it is', async () => {
    const valid = [
      '{"data":4242}\n',
      '{"data":-1,"message":"runc: exec: \\"x\\": not found ü"}\n',
      '{"data":0}\n',
    ]
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          anyBytes(...valid),
          fc.json().map(text => Buffer.from(`${text}\n`)),
          fc
            .dictionary(fc.constantFrom('data', 'message'), fc.jsonValue())
            .map(value => Buffer.from(`${JSON.stringify(value)}\n`)),
        ),
        async data => {
          const sync = said(data)
          const first = await soon('a message, or its absence', sync.first, 2_000)
          await soon('the end', sync.ended, 2_000)
          if (first === null) return
          assert.equal(typeof first, 'object')
          assert.ok(Number.isInteger(first.data) && first.data < 2 ** 31, JSON.stringify(first))
          assert.ok(first.message === undefined || typeof first.message === 'string')
          launchFailure(first.message ?? '')
        },
      ),
      { numRuns: runs(300, 20_000) },
    )
  })

  it('may be endless, and is not kept', async () => {
    const grown = await held(async () => {
      const sync = said(Buffer.alloc(64 * MiB, 'x'))
      const first = await soon('a message', sync.first)
      assert.ok((first?.message?.length ?? 0) < MiB)
      assert.ok(first === null || first.data <= 0)
    })
    // The 64 MiB that were written are the test's own.
    assert.ok(grown < 160 * MiB, `${grown}`)
  })
})

describe('what the runtime says of a failure', () => {
  it('is a problem, an exit code and a short sentence, whatever it says', () => {
    const valid = [
      'time="2026-11-24T10:00:00Z" level=error msg="runc run failed: unable to start container process: exec: \\"nope\\": executable file not found in $PATH"\n',
      'executable file `nope` not found in $PATH: No such file or directory',
      '{"level":"error","msg":"container_linux.go:380"}\n{"level":"error","msg":"x"}',
    ]
    fc.assert(
      fc.property(
        fc.oneof(anyBytes(...valid).map(String), fc.string({ unit: 'binary', maxLength: 3_000 })),
        text => {
          const { problem, cause, exitCode, reason } = launchFailure(text)
          assert.match(problem, /^[a-z-]+$/)
          assert.ok([126, 127, 128].includes(exitCode ?? 0))
          assert.ok(cause.length <= 1_000)
          assert.ok(reason === 'refused' || reason === 'unavailable')
        },
      ),
      { numRuns: runs(500, 50_000) },
    )
  })

  it('takes no longer for text that patterns are slow with', () => {
    for (const text of [
      'exec: "'.repeat(200_000),
      `level=error msg="${'\\'.repeat(500_000)}`,
      `level=error msg="${'\\"'.repeat(500_000)}`,
      'level=error msg="'.repeat(60_000),
      `chdir to cwd (${'"'.repeat(500_000)}`,
      `container ${'not running '.repeat(50_000)}`,
      'error\n'.repeat(200_000),
      ' '.repeat(1_000_000),
    ]) {
      const began = performance.now()
      launchFailure(text)
      const took = performance.now() - began
      assert.ok(took < 500, `${text.slice(0, 20)}: ${took} ms`)
    }
  })
})

describe('what conmon leaves in files', () => {
  it('is a code, a process, a run, or nothing', () => {
    using directory = scratch('run-files')
    const put = (name: string, data: Buffer) => writeFileSync(join(directory.path, name), data)
    beginRun(directory.path, { run: 1, bootId: 'boot' })
    fc.assert(
      fc.property(anyBytes('0', '137\n', '-1', '4242', '1e9', '0x10', '{"run":1,"bootId":"b"}'), data => {
        put('exit', data)
        const exit = readExit(directory.path)
        const end = verdict({ exit, oomKilled: false, hostRestarted: false, observed: 'live' })
        if (end.kind === 'exited')
          assert.ok(Number.isInteger(end.exitCode) && end.exitCode >= 0 && end.exitCode <= 255)
        put('pid', data)
        const pid = readPid(directory.path)
        assert.ok(pid === null || (Number.isSafeInteger(pid) && pid > 0), `${pid}`)
        put('run.json', data)
        const mark = readMark(directory.path)
        if (mark !== null) assert.deepEqual([typeof mark.run, typeof mark.bootId], ['number', 'string'])
      }),
      { numRuns: runs(300, 20_000) },
    )
  })

  it('signals nobody who is not in the container, whatever stands there', async () => {
    using directory = scratch('runc')
    const runtime = openRunc({
      runtime: '/bin/false',
      runtimeRoot: directory.path,
      directoryOf: () => directory.path,
      cgroupOf: () => '/shiplog-test-that-is-not-there',
    })
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          anyBytes('1', '-1', '0', `${process.pid}`, `${process.pid}\n`),
          fc.constant(Buffer.from(`${process.pid}`)),
        ),
        async data => {
          writeFileSync(join(directory.path, 'pid'), data)
          for (const act of [
            runtime.signal(containerId(), 9),
            runtime.kill(containerId()),
            runtime.pause(containerId()),
          ]) {
            const outcome = await act()
            assert.ok(E.isLeft(outcome) && outcome.left.problem === 'not-running')
          }
        },
      ),
      { numRuns: runs(100, 5_000) },
    )
  })
})

describe('the log of output', () => {
  const time = '2026-11-24T10:00:00.000000000+00:00'
  const line = `${time} stdout F hello\n${time} stderr P wor\n${time} stderr F ld\n`

  it('is output or nothing, the same wherever it is cut, and never more than there was', () => {
    fc.assert(
      fc.property(anyBytes(line, `${line}${line}`), fc.array(fc.nat(400), { maxLength: 5 }), (log, cuts) => {
        const whole = outputParser()(log)
        const at = [0, ...cuts.map(cut => Math.min(cut, log.length)).toSorted((a, b) => a - b), log.length]
        const parse = outputParser()
        const pieces = at.slice(1).flatMap((end, i) => parse(log.subarray(at[i], end)))
        assert.deepEqual(pieces, whole)
        const total = whole.reduce((sum, { bytes }) => sum + bytes.length, 0)
        assert.ok(total <= log.length)
        for (const { next, stream } of whole) {
          assert.ok(next > 0 && next <= log.length)
          assert.ok(stream === 'stdout' || stream === 'stderr')
        }
      }),
      { numRuns: runs(500, 50_000) },
    )
  })

  it('is read to its end, with any tail and in any time, whatever is in it', async () => {
    using directory = scratch('output')
    const path = join(directory.path, 'log')
    const moment = fc.option(
      fc.date({ noInvalidDate: true, min: new Date('1970-01-01'), max: new Date('2100-01-01') }),
    )
    await fc.assert(
      fc.asyncProperty(
        anyBytes(line, line.repeat(50)),
        fc.option(fc.nat(60)),
        moment,
        moment,
        async (log, tail, since, until) => {
          writeFileSync(path, log)
          const read = async () => {
            let size = 0
            const asked = { follow: false, ended: Promise.resolve(), signal: AbortSignal.timeout(5_000) }
            for await (const { bytes } of readOutput(path, { ...asked, tail, since, until }))
              size += bytes.length
            return size
          }
          assert.ok((await soon('its end', read(), 5_000)) <= log.length)
        },
      ),
      { numRuns: runs(200, 10_000) },
    )
  })

  it('without a newline costs no memory: it is not a log', () => {
    const parse = outputParser()
    const page = Buffer.alloc(MiB)
    const before = process.memoryUsage().rss
    for (let i = 0; i < 256; i++) assert.deepEqual(parse(page), [])
    const grown = process.memoryUsage().rss - before
    assert.ok(grown < 96 * MiB, `${grown} bytes more`)
    // What comes after it is read again.
    const [first, ...rest] = parse(Buffer.from(`\n${line}`))
    assert.equal(String(first?.bytes), 'hello\n')
    assert.equal(first?.next, 256 * MiB + 1 + line.indexOf('\n') + 1)
    assert.equal(rest.length, 2)
  })
})
