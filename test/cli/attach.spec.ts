import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { detachDetector, parseDetachKeys } from '../../src/cli/attach/detach-keys.ts'
import { demultiplexer } from '../../src/cli/attach/frames.ts'
import { frame } from './support/fake-daemon.ts'

describe('multiplexed output', () => {
  const said = fc.array(fc.tuple(fc.constantFrom(1 as const, 2 as const), fc.string({ maxLength: 40 })), {
    maxLength: 8,
  })

  it('comes apart the same in whatever pieces it comes', () =>
    fc.assert(
      fc.property(said, fc.array(fc.nat(400), { maxLength: 20 }), (frames, cuts) => {
        const bytes = Buffer.concat(frames.map(([stream, text]) => frame(stream, text)))
        const at = [0, ...cuts.filter(cut => cut < bytes.length).toSorted((a, b) => a - b), bytes.length]
        const split = demultiplexer()
        const out = { 1: '', 2: '' }
        for (const [i, end] of at.slice(1).entries())
          for (const { stream, data } of split(bytes.subarray(at[i], end)))
            out[stream] += data.toString('latin1')
        const expected = { 1: '', 2: '' }
        for (const [stream, text] of frames) expected[stream] += Buffer.from(text).toString('latin1')
        assert.deepEqual(out, expected)
      }),
    ))

  it('hands on what has come of a frame before its end', () => {
    const bytes = frame(2, 'a long line')
    const [first] = demultiplexer()(bytes.subarray(0, 12))
    assert.equal(first?.data.toString(), 'a lo')
    assert.equal(first?.stream, 2)
  })
})

describe('detach keys', () => {
  const typing = (keys: string, ...chunks: ReadonlyArray<string>) => {
    const detect = detachDetector(parseDetachKeys(keys))
    let passed = ''
    for (const chunk of chunks) {
      const { data, isDetached } = detect(Buffer.from(chunk, 'latin1'))
      passed += Buffer.from(data).toString('latin1')
      if (isDetached) return { passed, isDetached }
    }
    return { passed, isDetached: false }
  }

  it('are read as docker reads them', () => {
    assert.deepEqual([...parseDetachKeys('ctrl-p,ctrl-q')], [16, 17])
    assert.deepEqual([...parseDetachKeys('a,ctrl-[,ctrl-@')], [97, 27, 0])
  })

  for (const keys of ['', 'ctrl-', 'ctrl-1', 'ab', 'ctrl-p,'])
    it(`are not "${keys}"`, () => assert.throws(() => parseDetachKeys(keys), /cannot read/))

  it('detach when they come one after the other, in one piece or in several', () => {
    assert.deepEqual(typing('ctrl-p,ctrl-q', 'ls\x10\x11x'), { passed: 'ls', isDetached: true })
    assert.deepEqual(typing('ctrl-p,ctrl-q', 'ls\x10', '\x11'), { passed: 'ls', isDetached: true })
  })

  it('pass when they turn out to be something else', () => {
    assert.deepEqual(typing('ctrl-p,ctrl-q', '\x10', 'x'), { passed: '\x10x', isDetached: false })
    assert.deepEqual(typing('ctrl-p,ctrl-q', '\x10\x10\x11'), { passed: '\x10', isDetached: true })
  })

  it('are found wherever the chunks are cut, also where they overlap with themselves', () =>
    fc.assert(
      fc.property(fc.stringMatching(/^[abc]{0,12}$/), fc.nat(12), (text, cut) => {
        const at = text.indexOf('aab')
        const { passed, isDetached } = typing('a,a,b', text.slice(0, cut), text.slice(cut))
        assert.equal(isDetached, at !== -1)
        if (isDetached) assert.equal(passed, text.slice(0, at))
        else assert.ok(text.startsWith(passed))
      }),
    ))
})
