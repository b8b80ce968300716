import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { roomAt } from '../../../src/adapters/host/room.ts'
import { scratch } from '../../support/scratch.ts'
import { smallDisk } from '../../support/small-disk.ts'

describe('the room on a file system', () => {
  for (const kind of ['tmpfs', 'ext4'] as const)
    it(`is what can be written, and how many files, until it is full (${kind})`, async () => {
      await using place = scratch('room')
      using disk = smallDisk(join(place.path, 'disk'), { megabytes: 16, kind, inodes: 500 })
      const { bytes, files } = roomAt(disk.path)
      assert.ok(bytes > 8 * 2 ** 20 && bytes <= 16 * 2 ** 20, `${bytes}`)
      assert.ok(files > 400 && files <= 512, `${files}`)
      disk.fill()
      assert.equal(roomAt(disk.path).bytes, 0)
      disk.makeRoom()
      disk.takeInodes()
      assert.equal(roomAt(disk.path).files, 0)
      disk.makeRoom()
      assert.ok(roomAt(disk.path).files > 400)
    })

  it('has no end where the file system has none', async () => {
    await using place = scratch('room')
    const path = join(place.path, 'endless')
    mkdirSync(path)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=0,nr_inodes=0', 'tmpfs', path])
    try {
      assert.deepEqual(roomAt(path), { bytes: Number.POSITIVE_INFINITY, files: Number.POSITIVE_INFINITY })
    } finally {
      execFileSync('umount', [path])
    }
  })

  it('is not to be had of what is not there', () => {
    assert.throws(() => roomAt('/not/there'), { code: 'ENOENT' })
  })
})
