import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  MNT,
  mount,
  mountAt,
  MS,
  splitOptions,
  unmount,
  unmountIfMounted,
} from '../../../src/adapters/host/mount.ts'

describe('mounting', () => {
  const directory = mkdtempSync(join(tmpdir(), 'mount-'))
  const at = (...names: ReadonlyArray<string>) => join(directory, ...names)

  // An overlay's upper directory may not be on an overlay, which a test's own directory may be.
  before(() => mount('tmpfs', directory, 'tmpfs', MS.nosuid | MS.nodev, 'size=8m'))
  after(() => {
    unmount(directory, MNT.detach)
    rmSync(directory, { recursive: true })
  })

  it('takes flags and options apart', () => {
    assert.deepEqual(splitOptions(['ro', 'rw', 'nosuid', 'lowerdir=/a', 'constructor']), {
      flags: MS.rdonly | MS.nosuid,
      data: ['lowerdir=/a', 'constructor'],
    })
  })

  it('mounts what is described, and unmounts it once', () => {
    mkdirSync(at('t'))
    mountAt({ type: 'tmpfs', source: 'tmpfs', options: ['ro', 'mode=0711'] }, at('t'))
    assert.throws(() => writeFileSync(at('t', 'x'), ''), { code: 'EROFS' })
    assert.equal(unmountIfMounted(at('t')), true)
    assert.equal(unmountIfMounted(at('t')), false)
    assert.equal(unmountIfMounted(at('nowhere')), false)
    assert.throws(() => unmount(at('t')), { code: 'EINVAL', syscall: 'umount2', path: at('t') })
  })

  it('mounts 120 layers, whose names are longer than a page, and leaves no links behind', () => {
    const layers = Array.from({ length: 120 }, (_, i) => at('layers', `${i}`.padStart(64, '0')))
    layers.forEach((layer, i) => {
      mkdirSync(layer, { recursive: true })
      writeFileSync(join(layer, `only-${i}`), '')
      writeFileSync(join(layer, 'all'), `${i}`)
    })
    for (const name of ['upper', 'work', 'merged']) mkdirSync(at(name))
    const links = () => readdirSync(tmpdir()).filter(name => name.startsWith('l-')).length
    const before = links()
    const options = [
      `lowerdir=${layers.toReversed().join(':')}`,
      `upperdir=${at('upper')}`,
      `workdir=${at('work')}`,
    ]
    mountAt({ type: 'overlay', source: 'overlay', options }, at('merged'))
    try {
      assert.equal(readFileSync(at('merged', 'all'), 'utf8'), '119')
      assert.equal(readdirSync(at('merged')).length, 121)
      writeFileSync(at('merged', 'new'), '')
      assert.ok(existsSync(at('upper', 'new')))
      assert.equal(links(), before)
    } finally {
      unmount(at('merged'))
    }
  })
})
