import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { recordsOf } from '../../../src/adapters/snapshot/faithful-extract.ts'
import { readLayerTar } from '../../../src/adapters/snapshot/layer-tar.ts'
import type { Entry } from '../../../src/adapters/snapshot/layer-tar.ts'
import { LayerRefused } from '../../../src/adapters/snapshot/refusal.ts'
import { archive, endMark, member } from './raw-tar.ts'

/** The entries of an archive and their data, read in chunks of a size. */
const read = async (tar: Buffer, chunkSize = tar.length) => {
  const entries: Array<Entry & { data: string }> = []
  let data: Array<Buffer> = []
  const chunks = async function* () {
    for (let i = 0; i < tar.length; i += chunkSize) yield tar.subarray(i, i + chunkSize)
  }
  await readLayerTar(chunks(), {
    begin: entry => {
      data = []
      entries.push({ ...entry, data: '' })
    },
    data: chunk => {
      data.push(Buffer.from(chunk))
    },
    end: () => {
      const last = entries.pop()
      if (last !== undefined) entries.push({ ...last, data: Buffer.concat(data).toString('latin1') })
    },
  })
  return entries
}

describe('PAX records', () => {
  it('keep every byte of names, targets and attributes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 400 }), async bytes => {
        const value = Buffer.from(bytes)
        const path = Buffer.from(value.map(byte => byte || 1)).toString('latin1')
        const pax = { path, linkpath: path, 'SCHILY.xattr.user.x': value }
        const [entry] = await read(archive({ name: 'short', type: '2', target: 'y', pax }))
        assert.equal(entry?.name, path)
        assert.equal(entry.target, path)
        assert.deepEqual(entry.attributes?.get('user.x'), value)
      }),
    )
  })

  it('mean nothing by themselves', () => {
    const records = recordsOf(Buffer.from('16 __proto__=xx\n17 constructor=x\n'))
    assert.deepEqual(Object.keys(records), ['__proto__', 'constructor'])
    assert.equal(records['hasOwnProperty'], undefined)
  })

  for (const wrong of [
    '5 a=b',
    '7 a=b\n',
    '6 a=b\n7 ',
    'x a=b\n',
    '4 =b\n',
    '6 abc\n',
    '-6 a=b\n',
    '99999999999 a=b\n',
  ])
    it(`are refused where they are malformed: ${JSON.stringify(wrong)}`, () => {
      assert.throws(() => recordsOf(Buffer.from(wrong)), LayerRefused)
    })
})

describe('an archive', () => {
  const tar = Buffer.concat([
    member({ name: 'pax_global', type: 'g', data: '12 path=all\n' }),
    member({ name: 'a', data: 'x'.repeat(700), pax: { mtime: '12.000000001', uid: '70000', gid: '80000' } }),
    member({ name: 'b\xff', type: '2', target: 't\xfe', mtime: 1 }),
    member({ name: '././@LongLink', type: 'L', data: `${'n'.repeat(300)}\xff\0` }),
    member({ name: 'n', type: '7', data: 'contiguous' }),
    member({ name: 'old/', type: '0' }),
    member({ name: 'quota', type: '5', size: 4096 }),
    endMark,
  ])

  it('reads the same in chunks of any size', async () => {
    const whole = await read(tar)
    for (const size of [1, 7, 511, 512, 513, 1024]) assert.deepEqual(await read(tar, size), whole)
    assert.deepEqual(
      whole.map(({ name, type, data, target }) => [name, type, data.length, target]),
      [
        ['a', 'file', 700, ''],
        ['b\xff', 'symlink', 0, 't\xfe'],
        [`${'n'.repeat(300)}\xff`, 'file', 10, ''],
        ['old/', 'directory', 0, ''],
        ['quota', 'directory', 0, ''],
      ],
    )
    assert.deepEqual(whole[0]?.modified, { seconds: 12, nanoseconds: 1 })
    assert.deepEqual([whole[0]?.uid, whole[0]?.gid], [70000, 80000])
  })

  it('ends at its end mark', async () => {
    const longer = Buffer.concat([tar, tar, Buffer.alloc(1000, 'x')])
    for (const size of [100, 512, 4096, longer.length]) assert.equal((await read(longer, size)).length, 5)
  })

  it('tells all of its last file where there is no end mark', async () => {
    const [entry] = await read(member({ name: 'x', data: 'y'.repeat(512) }))
    assert.equal(entry?.data.length, 512)
  })

  it('lets through what its reader throws, and stops', async () => {
    const oops = new Error('oops')
    let told = 0
    const source = (async function* () {
      for (let i = 0; i < 100; i++) yield member({ name: `${i}`, data: 'x' })
    })()
    const reading = readLayerTar(source, {
      begin: () => {
        told++
      },
      data: () => {
        throw oops
      },
      end: () => {},
    })
    await assert.rejects(reading, oops)
    assert.equal(told, 1)
  })

  it('lets through what its source throws', async () => {
    const oops = new Error('oops')
    const source = (async function* () {
      yield member({ name: 'x', data: 'y'.repeat(1000) }).subarray(0, 1000)
      throw oops
    })()
    await assert.rejects(readLayerTar(source, { begin: () => {}, data: () => {}, end: () => {} }), oops)
  })
})
