import assert from 'node:assert/strict'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { outputLength, readOutput } from '../../../src/adapters/supervisor/output-log.ts'
import type { Output, ReadOutput } from '../../../src/adapters/supervisor/output-log.ts'
import { outputParser } from '../../../src/adapters/supervisor/output-parser.ts'
import { scratch } from '../../support/scratch.ts'

type Piece = Readonly<{ stream: 'stdout' | 'stderr'; bytes: Buffer; ended: boolean }>

const time = (second: number) => new Date(Date.UTC(2026, 10, 24, 10, 0, second))
const stamp = (second: number) => time(second).toISOString().replace('Z', '000000+00:00')

/** The log as conmon writes it. */
const logOf = (pieces: ReadonlyArray<Piece>) =>
  Buffer.concat(
    pieces.flatMap(({ stream, bytes, ended }, i) => [
      Buffer.from(`${stamp(i)} ${stream} ${ended ? 'F' : 'P'} `),
      bytes,
      Buffer.from('\n'),
    ]),
  )

/** What the container wrote. */
const writtenBy = (pieces: ReadonlyArray<Piece>) =>
  pieces.map(({ stream, bytes, ended }) => ({
    stream,
    bytes: ended ? Buffer.concat([bytes, Buffer.from('\n')]) : bytes,
  }))

const bytes = fc
  .uint8Array({ maxLength: 40 })
  .map(array => Buffer.from(array.map(byte => (byte === 10 ? 11 : byte))))
const pieces = fc.array(
  fc.record({ stream: fc.constantFrom('stdout' as const, 'stderr' as const), bytes, ended: fc.boolean() }),
  { maxLength: 30 },
)

const all = (options: Partial<ReadOutput> = {}): ReadOutput => ({
  follow: false,
  since: null,
  until: null,
  tail: null,
  ended: Promise.resolve(),
  signal: AbortSignal.timeout(20_000),
  ...options,
})

const read = async (path: string, options: Partial<ReadOutput> = {}) => {
  const outputs: Array<Output> = []
  for await (const output of readOutput(path, all(options))) outputs.push(output)
  return outputs
}

const textOf = (outputs: ReadonlyArray<Output>) => String(Buffer.concat(outputs.map(({ bytes }) => bytes)))
const plain = (outputs: ReadonlyArray<Output>) => outputs.map(({ stream, bytes }) => ({ stream, bytes }))

describe('a log taken apart', () => {
  it('gives the same bytes wherever it is cut', () =>
    fc.assert(
      fc.property(pieces, fc.array(fc.nat(2000)), (written, cuts) => {
        const log = logOf(written)
        const parse = outputParser()
        const bounds = [0, ...cuts.filter(cut => cut < log.length).toSorted((a, b) => a - b), log.length]
        const buffer = Buffer.alloc(log.length)
        const outputs = bounds.slice(1).flatMap((end, i) => {
          // One buffer for all, as a reader has.
          const piece = buffer.subarray(0, log.copy(buffer, 0, bounds[i], end))
          return parse(piece)
        })
        assert.deepEqual(plain(outputs), writtenBy(written))
        assert.deepEqual(
          outputs.map(({ at }) => at),
          written.map((_, i) => stamp(i)),
        )
      }),
    ))

  it('can be taken up again after any of its pieces', () =>
    fc.assert(
      fc.property(pieces, written => {
        const log = logOf(written)
        const outputs = outputParser()(log)
        for (const [i, { next }] of outputs.entries())
          assert.deepEqual(outputParser(next)(log.subarray(next)), outputs.slice(i + 1))
      }),
    ))

  it('has nothing of a line that makes no sense', () => {
    const log = Buffer.concat([Buffer.from('x\n\nno space at all\n'), logOf([piece('a')])])
    assert.equal(textOf(outputParser()(log)), 'a\n')
  })
})

const piece = (text: string, ended = true, stream: Piece['stream'] = 'stdout'): Piece => ({
  stream,
  bytes: Buffer.from(text),
  ended,
})

describe('reading a log', () => {
  it('gives its last lines', async () => {
    await using directory = scratch('log')
    const path = join(directory.path, 'log')
    await fc.assert(
      fc.asyncProperty(pieces, fc.nat(12), async (written, tail) => {
        writeFileSync(path, logOf(written))
        // A line ends where a piece does that ends one, and with the last piece.
        const ends = written.flatMap(({ ended }, i) => (ended || i === written.length - 1 ? [i + 1] : []))
        const from = ends.length <= tail ? 0 : (ends.at(-tail - 1) ?? 0)
        assert.deepEqual(plain(await read(path, { tail })), writtenBy(written.slice(from)))
      }),
    )
  })

  it('gives the last lines of a log of many pages', async () => {
    await using directory = scratch('log')
    const path = join(directory.path, 'log')
    const written = Array.from({ length: 5000 }, (_, i) => piece(`${i} ${'x'.repeat(i % 500)}`, i % 7 !== 0))
    writeFileSync(path, logOf(written))
    const lines = textOf(await read(path)).split('\n')
    assert.equal(textOf(await read(path, { tail: 1000 })), lines.slice(-1001).join('\n'))
  })

  it('gives one stream, and a span of time', async () => {
    await using directory = scratch('log')
    const path = join(directory.path, 'log')
    writeFileSync(path, logOf([piece('0'), piece('1', true, 'stderr'), piece('2'), piece('3')]))
    assert.equal(textOf(await read(path, { stream: 'stderr' })), '1\n')
    assert.equal(textOf(await read(path, { since: time(1) })), '1\n2\n3\n')
    assert.equal(textOf(await read(path, { until: time(2) })), '0\n1\n2\n')
    assert.equal(textOf(await read(path, { since: time(1), until: time(2), stream: 'stdout' })), '2\n')
    assert.equal(textOf(await read(path, { since: new Date(time(1).getTime() + 1) })), '2\n3\n')
  })

  it('gives 10 MB without a newline, in one piece as in many', async () => {
    await using directory = scratch('log')
    const path = join(directory.path, 'log')
    const long = 'y'.repeat(10_000_000)
    writeFileSync(path, logOf([piece(long)]))
    assert.equal(textOf(await read(path)), `${long}\n`)
  })

  it('is at its end at once where there is no log', async () =>
    assert.deepEqual(await read('/nonexistent/log'), []))
})

describe('following a log', () => {
  it('waits for it, goes on where it is, and stops after the end', async () => {
    await using directory = scratch('log')
    const path = join(directory.path, 'log')
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    const reading = read(path, { follow: true, ended })
    await sleep(30)
    const log = logOf([piece('a', false), piece('b'), piece('c')])
    for (let i = 0; i < log.length; i += 7) {
      appendFileSync(path, log.subarray(i, i + 7))
      await sleep(1)
    }
    appendFileSync(path, logOf([piece('the last')]))
    end()
    assert.equal(textOf(await reading), 'ab\nc\nthe last\n')
  })

  it('stops when nobody wants it any more, and when its time is up', async () => {
    await using directory = scratch('log')
    const path = join(directory.path, 'log')
    const never = new Promise<void>(() => {})
    writeFileSync(path, logOf([piece('a')]))
    const hand = new AbortController()
    setTimeout(() => hand.abort(), 30)
    assert.equal(textOf(await read(path, { follow: true, ended: never, signal: hand.signal })), 'a\n')
    const until = new Date(Date.now() + 30)
    assert.equal(textOf(await read(path, { follow: true, ended: never, until })), 'a\n')
  })

  it('begins where a run began', async () => {
    await using directory = scratch('log')
    const path = join(directory.path, 'log')
    assert.equal(outputLength(path), 0)
    writeFileSync(path, logOf([piece('before')]))
    const from = outputLength(path)
    appendFileSync(path, logOf([piece('after')]))
    assert.equal(textOf(await read(path, { from, tail: 5 })), 'after\n')
  })
})
