import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import * as E from 'fp-ts/lib/Either.js'
import { getXattr, listXattrs } from '../../../src/adapters/host/xattr.ts'
import { generous } from '../../../src/adapters/snapshot/decompress.ts'
import { isWhiteout } from '../../../src/adapters/snapshot/overlay-marks.ts'
import { scratch } from '../../support/scratch.ts'
import { archive, endMark, member } from './raw-tar.ts'
import type { Member } from './raw-tar.ts'
import { diffIdOf, unpacked } from './unpacked.ts'

const limits = { ...generous, bytes: 64 * 2 ** 20, entries: 10_000 }

type Outcome = Readonly<{ problem: string | null; cause: string; files: string; entries: number }>

/**
 * Unpacks beside a directory of the host's that nothing may touch, looks at what came of it, and makes sure that the
 * host is as it was.
 */
const trial = async (
  tar: Buffer,
  look: (outcome: Outcome) => void,
  options: { blob?: Uint8Array; diffId?: string } = {},
) => {
  await using directory = scratch('hostile')
  const host = join(directory.path, 'host')
  mkdirSync(host)
  writeFileSync(join(host, 'shadow'), 'secret')
  const before = JSON.stringify([lstatSync(host), lstatSync(join(host, 'shadow'))].map(untouched))

  const place = join(directory.path, 'layer')
  const result = await unpacked(place, tar, { limits, ...options })
  look(
    E.isRight(result)
      ? { problem: null, cause: '', ...result.right }
      : { problem: result.left.problem, cause: result.left.cause, files: join(place, 'layer'), entries: 0 },
  )
  assert.equal(JSON.stringify([lstatSync(host), lstatSync(join(host, 'shadow'))].map(untouched)), before)
  assert.deepEqual(readdirSync(host), ['shadow'])
  assert.deepEqual(readdirSync(directory.path).toSorted(), ['host', 'layer'])
  assert.deepEqual(readdirSync(place).toSorted(), ['blob', 'layer'])
}

const untouched = ({ mode, uid, gid, nlink, mtimeMs, size }: ReturnType<typeof lstatSync> & object) => ({
  mode,
  uid,
  gid,
  nlink,
  mtimeMs,
  size,
})

const refused = (problem: string, ...members: ReadonlyArray<Member>) =>
  trial(archive(...members), outcome => assert.equal(outcome.problem, problem, outcome.cause))

const link = (name: string, target: string): Member => ({ name, type: '2', target, mode: 0o777 })
const hardLink = (name: string, target: string): Member => ({ name, type: '1', target })
const at = ({ files }: Outcome, name: string) => join(files, name)

describe('names that lead out of the layer', () => {
  for (const name of ['../x', '/x', 'a/../../x', '../../../../../../x', './/..//x'])
    it(`L1 ${name} is x`, () =>
      trial(archive({ name, data: 'x' }), outcome => {
        assert.equal(outcome.problem, null)
        assert.deepEqual(readdirSync(outcome.files), ['x'])
      }))

  it('L2 a link to a directory above is followed inside of the layer only', () =>
    trial(
      archive(link('d', '../../host'), { name: 'd/evil', data: 'x' }, link('e', '/'), {
        name: 'e/etc/x',
        data: 'y',
      }),
      outcome => {
        assert.equal(outcome.problem, null, outcome.cause)
        assert.equal(readFileSync(at(outcome, 'host/evil'), 'utf8'), 'x')
        assert.equal(readFileSync(at(outcome, 'etc/x'), 'utf8'), 'y')
        assert.ok(lstatSync(at(outcome, 'd')).isSymbolicLink())
      },
    ))

  it('L4 a directory replaced by a link is no longer where it was', () =>
    trial(
      archive(
        { name: 'd/', type: '5', mode: 0o700 },
        { name: 'd/one', data: '1' },
        link('d', '../../host'),
        { name: 'd/two', data: '2' },
        { name: 'd', type: '5', mode: 0o750 },
        { name: 'd/three', data: '3' },
      ),
      outcome => {
        assert.equal(outcome.problem, null, outcome.cause)
        assert.deepEqual(readdirSync(at(outcome, 'd')), ['three'])
        assert.deepEqual(readdirSync(at(outcome, 'host')), ['two'])
        assert.equal(lstatSync(at(outcome, 'd')).mode & 0o7777, 0o750)
      },
    ))

  it('L5 what was said of a directory is not done to the link that replaced it', () =>
    trial(
      archive(
        { name: 'd/', type: '5', mode: 0o777, uid: 7, gid: 7, mtime: 1, pax: { 'SCHILY.xattr.user.a': 'b' } },
        link('d', '../../host'),
      ),
      ({ problem, cause }) => assert.equal(problem, null, cause),
    ))

  it('L4 a file where a link is replaces the link', () =>
    trial(
      archive(link('f', '../../host/shadow'), { name: 'f', data: 'mine', mode: 0o666, uid: 9 }),
      outcome => {
        assert.equal(outcome.problem, null)
        assert.equal(readFileSync(at(outcome, 'f'), 'utf8'), 'mine')
        assert.ok(lstatSync(at(outcome, 'f')).isFile())
      },
    ))

  it('L2 links that go round in circles end', () =>
    refused('path-escapes-root', link('a', 'b'), link('b', 'a'), { name: 'a/x' }))
  it('L1 the root is not a file', () => refused('path-escapes-root', { name: '..', data: 'x' }))
  it('L1 the root is not a link', () => refused('path-escapes-root', link('./', '/')))
  it('L9 a name is not cut at a NUL', () =>
    refused('corrupt-archive', { name: 'x', pax: { path: 'evil\0name' } }))
  it('L9 a target is not cut at a NUL', () =>
    refused('corrupt-archive', { ...link('l', 'x'), pax: { linkpath: '/etc\0' } }))
  it('L4 a file has nothing in it', () =>
    refused('unsupported-entry', { name: 'f', data: 'x' }, { name: 'f/g', data: 'x' }))
  it('L9 a name of 1 MiB is too long', () =>
    refused('unsupported-entry', { name: 'x', pax: { path: 'x'.repeat(2 ** 20) } }))
})

describe('hard links', () => {
  it('L3 do not reach above the layer', () =>
    refused('path-escapes-root', hardLink('x', '../../host/shadow')))
  it('L3 do not reach below it', () => refused('unsupported-entry', hardLink('x', '/host/shadow')))
  it('L3 do not reach through a link', () =>
    refused('unsupported-entry', link('d', '../../host'), hardLink('x', 'd/shadow')))
  it('L3 are not made to directories', () =>
    refused('unsupported-entry', { name: 'd', type: '5' }, hardLink('x', 'd')))
  it('L3 are not made to the root', () => refused('unsupported-entry', hardLink('x', '/')))

  it('L3 to a link are the link, and what is written to them later is not written through it', () =>
    trial(
      archive(link('l', '../../host/shadow'), hardLink('x', 'l'), {
        name: 'x',
        data: 'overwritten',
        mode: 0o777,
      }),
      outcome => {
        assert.equal(outcome.problem, null)
        assert.equal(readFileSync(at(outcome, 'x'), 'utf8'), 'overwritten')
        assert.ok(lstatSync(at(outcome, 'l')).isSymbolicLink())
      },
    ))

  it('L3 to themselves change nothing', () =>
    trial(archive({ name: 'f', data: 'x' }, hardLink('f', 'f')), outcome => {
      assert.equal(outcome.problem, null)
      assert.equal(readFileSync(at(outcome, 'f'), 'utf8'), 'x')
    }))
})

describe('devices and whiteouts', () => {
  it('L6 nobody forges a whiteout', () => refused('unsupported-entry', { name: 'etc', type: '3' }))
  it('L6 nobody links to a whiteout', () =>
    refused('unsupported-entry', { name: '.wh.gone' }, hardLink('etc', 'gone')))

  for (const name of ['.wh.', '.wh..', '.wh...', 'd/.wh.', 'd/.wh...'])
    it(`L7 ${name} is refused`, () => refused('path-escapes-root', { name: 'd', type: '5' }, { name }))

  it('L7 a whiteout of the parent by another spelling is refused', () =>
    trial(archive({ name: 'd/.wh./' }, { name: 'x' }), ({ problem }) =>
      assert.equal(problem, 'path-escapes-root'),
    ))

  it('L7 nothing is in a whiteout', () => refused('unsupported-entry', { name: '.wh.d/x', data: 'x' }))

  it('L7 a whiteout through a link stays inside', () =>
    trial(archive(link('d', '../../host'), { name: 'd/.wh.shadow' }, { name: 'd/.wh..wh..opq' }), outcome => {
      assert.equal(outcome.problem, null, outcome.cause)
      assert.ok(isWhiteout(lstatSync(at(outcome, 'host/shadow'))))
      assert.equal(getXattr(at(outcome, 'host'), 'trusted.overlay.opaque')?.toString(), 'y')
    }))

  it('L7 what a layer has of its own is not taken by its own whiteouts, in either order', () =>
    trial(
      archive(
        { name: 'a', data: 'kept' },
        { name: '.wh.a' },
        { name: '.wh.b' },
        { name: 'b', data: 'new' },
        { name: 'd/', type: '5' },
        { name: 'd/x', data: 'x' },
        { name: '.wh.d' },
        { name: '.wh.e' },
        { name: 'e/', type: '5' },
        { name: '.wh.f' },
        { name: 'f/x', data: 'x' },
      ),
      outcome => {
        assert.equal(outcome.problem, null, outcome.cause)
        assert.equal(readFileSync(at(outcome, 'a'), 'utf8'), 'kept')
        assert.equal(readFileSync(at(outcome, 'b'), 'utf8'), 'new')
        assert.ok(existsSync(at(outcome, 'd/x')))
        for (const name of ['d', 'e', 'f'])
          assert.equal(getXattr(at(outcome, name), 'trusted.overlay.opaque')?.toString(), 'y', name)
      },
    ))

  it('L7 a hundred thousand whiteouts of one directory are counted, and end', () => {
    const one = member({ name: 'd/.wh..wh..opq' })
    const tar = Buffer.concat([...Array.from({ length: 100_000 }, () => one), endMark])
    return trial(tar, ({ problem }) => assert.equal(problem, 'too-large'))
  })

  it('L10 ten thousand empty entries do not exhaust the stack', () =>
    trial(
      Buffer.concat([...Array.from({ length: 9_999 }, (_, i) => member(link(`l${i}`, 'x'))), endMark]),
      outcome => {
        assert.equal(outcome.problem, null, outcome.cause)
        assert.equal(outcome.entries, 9_999)
      },
    ))
})

describe('attributes', () => {
  it('L8 of the overlay and of the host are not a layer’s to set', () =>
    trial(
      archive({
        name: 'd/',
        type: '5',
        mode: 0o6755,
        pax: {
          'SCHILY.xattr.trusted.overlay.opaque': 'y',
          'SCHILY.xattr.trusted.overlay.redirect': '/etc',
          'SCHILY.xattr.user.overlay.opaque': 'y',
          'SCHILY.xattr.security.selinux': 'x',
          'SCHILY.xattr.security.ima': 'x',
          'SCHILY.xattr.user.mine': 'kept',
          __proto__: 'x',
          constructor: 'y',
        },
      }),
      outcome => {
        assert.equal(outcome.problem, null, outcome.cause)
        assert.deepEqual(listXattrs(at(outcome, 'd')).map(String), ['user.mine'])
        assert.equal(lstatSync(at(outcome, 'd')).mode & 0o7777, 0o6755)
      },
    ))
})

describe('numbers', () => {
  it('L9 a size of 8 EiB is refused', () =>
    refused('corrupt-archive', { name: 'x', size: Buffer.from('800000007fffffffffffffff', 'hex') }))
  it('L9 a base-256 size with bits where there are none is refused', () =>
    refused('corrupt-archive', { name: 'x', size: Buffer.from('810000000000000000000001', 'hex') }))
  it('L9 a negative size is refused', () =>
    refused('corrupt-archive', { name: 'x', size: Buffer.from('fffffffffffffffffffffffe', 'hex') }))
  it('L9 a size of PAX that is beyond the archive is refused', () =>
    refused('corrupt-archive', { name: 'x', data: 'abc', pax: { size: '9007199254740000' } }))
  it('L9 a link with data is refused', () => refused('unsupported-entry', { ...link('x', 'y'), data: 'z' }))
  it('L9 a uid nobody can have is refused', () =>
    refused('corrupt-archive', { name: 'x', pax: { uid: '4294967295' } }))
  it('L9 a sparse file is refused', () =>
    refused('unsupported-entry', { name: 'x', pax: { 'GNU.sparse.realsize': '1' } }))
  it('L9 a type we do not know is refused', () => refused('unsupported-entry', { name: 'x', type: 'S' }))
  it('L9 a time before 1970 is a time', () =>
    trial(archive({ name: 'x', pax: { mtime: '-1.25' } }), outcome => {
      assert.equal(lstatSync(at(outcome, 'x'), { bigint: true }).mtimeNs, -1_250_000_000n)
    }))
})

describe('archives', () => {
  const members = [
    { name: 'a', data: 'x'.repeat(3000) },
    { name: 'b', pax: { path: `${'c/'.repeat(150)}c` } },
  ]
  const tar = archive(...members)

  it('L10 broken off anywhere are refused', async () => {
    // After the first member; and after a PAX header, which is about nothing then.
    const between = new Set([512 + 3072, 512 + 3072 + 1024])
    for (let length = 256; length < tar.length - 1024; length += 256) {
      // Between two members an archive may end without a mark, as in every other implementation.
      const part = tar.subarray(0, length)
      await trial(part, ({ problem, entries }) => {
        if (problem === null) assert.ok(between.has(length) && entries === 1, `${length}`)
        else assert.equal(problem, 'corrupt-archive', `${length}`)
      })
      for (const compress of [gzipSync, zstdCompressSync]) {
        const blob = compress(tar)
        await trial(tar, ({ problem }) => assert.equal(problem, 'corrupt-archive'), {
          blob: blob.subarray(0, Math.floor((blob.length * length) / tar.length)),
        })
      }
    }
  })

  it('L10 end at their mark, whatever follows it, and the diff id is of all of it', async () => {
    const longer = Buffer.concat([tar, Buffer.from('garbage'.repeat(500))])
    await trial(longer, ({ problem, cause }) => assert.equal(problem, null, cause), {
      blob: gzipSync(longer),
    })
    await trial(longer, ({ problem }) => assert.equal(problem, 'diff-id-mismatch'), { diffId: diffIdOf(tar) })
  })

  it('L9 are refused where one bit of a header is wrong', () => {
    const wrong = Buffer.from(tar)
    wrong[101] = (wrong[101] ?? 0) ^ 1
    return trial(wrong, ({ problem }) => assert.equal(problem, 'corrupt-archive'))
  })

  it('L9 that are not archives are refused', async () => {
    for (const noise of [
      createHash('sha512').update('x').digest(),
      Buffer.from('<html>'),
      Buffer.alloc(4096, 'x'),
    ])
      await trial(noise, ({ problem }) => assert.equal(problem, 'corrupt-archive'))
  })

  it('L9 may be empty', async () => {
    for (const nothing of [Buffer.alloc(0), endMark])
      await trial(nothing, ({ problem }) => assert.equal(problem, null))
  })

  it('L10 of several gzip members or zstd frames are one', async () => {
    const third = Math.ceil(tar.length / 3)
    const parts = [tar.subarray(0, third), tar.subarray(third, 2 * third), tar.subarray(2 * third)]
    const skippable = Buffer.from('502a4d1804000000deadbeef', 'hex')
    for (const blob of [
      Buffer.concat(parts.map(part => gzipSync(part))),
      Buffer.concat([...parts.map(part => gzipSync(part)), Buffer.alloc(512)]),
      Buffer.concat(Array.from(tar, (_, i) => gzipSync(tar.subarray(i, i + 1)))),
      Buffer.concat([skippable, ...parts.flatMap(part => [zstdCompressSync(part), skippable])]),
    ])
      await trial(
        tar,
        ({ problem, entries, cause }) => assert.deepEqual([problem, entries], [null, 2], cause),
        { blob },
      )
  })

  it('L10 that grow without end are cut off', async () => {
    const bomb = Buffer.concat([member({ name: 'zeros', size: 80 * 2 ** 20 }), Buffer.alloc(80 * 2 ** 20)])
    for (const compress of [gzipSync, zstdCompressSync])
      await trial(bomb, ({ problem }) => assert.equal(problem, 'too-large'), { blob: compress(bomb) })
  })

  it('L10 that ask for a window of gigabytes are refused', () => {
    // A frame whose window descriptor says 2 GiB (RFC 8878, 3.1.1.1.2), and one empty block.
    const frame = Buffer.from('28b52ffd00a8010000', 'hex')
    return trial(Buffer.alloc(0), ({ problem }) => assert.equal(problem, 'corrupt-archive'), { blob: frame })
  })

  it('L10 that fail leave no descriptor open', async () => {
    const open = () => readdirSync('/proc/self/fd').length
    const broken = tar.subarray(0, 1024)
    await trial(broken, () => {})
    const before = open()
    for (let i = 0; i < 5; i++) await trial(broken, () => {})
    assert.ok(open() <= before)
  })
})
