import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { gzip, zstdCompress } from 'node:zlib'
import * as E from 'fp-ts/lib/Either.js'
import { deviceNumber, makeNode, nodeType } from '../../../src/adapters/host/node.ts'
import { setTimes } from '../../../src/adapters/host/times.ts'
import { setXattr } from '../../../src/adapters/host/xattr.ts'
import { scratch } from '../../support/scratch.ts'
import { treeOf, unpacked } from './unpacked.ts'

const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex')
const acl = Buffer.from(
  '0200000001000700ffffffff02000500e803000004000500ffffffff10000500ffffffff20000500ffffffff',
  'hex',
)

/** Everything a Unix file system has, in one directory. */
const plant = (root: string) => {
  const at = (name: string) => Buffer.from(`${root}/${name}`, 'latin1')
  mkdirSync(root)
  for (const name of ['bin', 'many', 'empty', 'sticky', 'deep']) mkdirSync(at(name))
  writeFileSync(at('bin/su'), 'su')
  chownSync(at('bin/su'), 12, 34)
  chmodSync(at('bin/su'), 0o6711)
  writeFileSync(at('bin/ping'), 'ping')
  setXattr(at('bin/ping'), 'security.capability', capability)
  writeFileSync(at('locked'), 'x')
  chmodSync(at('locked'), 0)
  chmodSync(at('sticky'), 0o1777)
  chownSync(at('sticky'), 1000, 1000)
  setXattr(at('sticky'), 'system.posix_acl_default', acl)
  writeFileSync(at('sticky/child'), 'made under a default ACL')
  setXattr(at('sticky/child'), 'user.binary', Buffer.from([0, 1, 0xff, 0xfe, 10, 61, 0]))
  setXattr(at('sticky/child'), 'user.empty', Buffer.alloc(0))
  writeFileSync(at('not-utf8-\xff\xfe'), 'name')
  writeFileSync(at('\u00c3\u00bc-utf8'), 'name')
  writeFileSync(at('new\nline and space'), 'name')
  symlinkSync('../\u00fc', at('link'))
  symlinkSync(Buffer.from('to-\xff', 'latin1'), at('link-\xff'))
  symlinkSync('x'.repeat(4000), at('long-target'))
  linkSync(at('bin/su'), at('bin/sudo'))
  linkSync(at('link'), at('link-again'))
  writeFileSync(at('l'.repeat(255)), 'long')
  let deep = 'deep'
  for (let i = 0; i < 12; i++) mkdirSync(at((deep += `/${'d'.repeat(40)}${i}`)))
  writeFileSync(at(`${deep}/file`), 'deep')
  for (let i = 0; i < 300; i++) writeFileSync(at(`many/${i}`), 'a'.repeat(i * 7))
  writeFileSync(at('large'), Buffer.alloc(3 * 2 ** 20 + 17, 'large'))
  makeNode(at('fifo'), nodeType.fifo | 0o640)
  makeNode(at('null'), nodeType.character | 0o666, deviceNumber(1, 3))
  makeNode(at('disk'), nodeType.block | 0o660, deviceNumber(259, 300))
  chownSync(at('null'), 5, 6)
  setTimes(at('large'), { seconds: 1_600_000_000, nanoseconds: 123_456_789 })
  setTimes(at('empty'), { seconds: 86_400, nanoseconds: 0 })
  setTimes(at('link'), { seconds: 1_234_567_890, nanoseconds: 0 })
  setTimes(at('locked'), { seconds: -86_400, nanoseconds: 0 })
}

const formats: Record<string, ReadonlyArray<string>> = {
  pax: ['--format=pax', '--xattrs', '--xattrs-include=*', '--acls'],
  gnu: ['--format=gnu'],
}

const compressions = {
  none: async (tar: Buffer) => tar,
  gzip: promisify(gzip),
  zstd: promisify(zstdCompress),
} as const

describe('a layer with everything in it', () => {
  for (const [format, options] of Object.entries(formats))
    for (const [compression, compress] of Object.entries(compressions))
      it(`comes out as GNU tar unpacks it (${format}, ${compression})`, async () => {
        await using directory = scratch('torture')
        const source = join(directory.path, 'source')
        const expected = join(directory.path, 'expected')
        const archive = join(directory.path, 'archive.tar')
        plant(source)
        execFileSync('tar', [...options, '--numeric-owner', '-C', source, '-cf', archive, '.'])
        mkdirSync(expected)
        execFileSync('tar', [
          ...options.slice(1),
          '-p',
          '--same-owner',
          '--numeric-owner',
          '-C',
          expected,
          '-xf',
          archive,
        ])

        const tar = readFileSync(archive)
        const result = await unpacked(join(directory.path, 'ours'), tar, { blob: await compress(tar) })
        assert.ok(E.isRight(result), JSON.stringify(result))
        assert.deepEqual(treeOf(result.right.files), treeOf(expected))
        assert.deepEqual(result.right.implicit, [])
      })
})
