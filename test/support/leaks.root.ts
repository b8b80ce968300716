import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { assertSame, census } from './leaks.ts'
import { scratch } from './scratch.ts'

// The instrument that the leak tests trust is tried on leaks made on purpose.

describe('a census', () => {
  it('is the same when nothing happened', () => {
    using directory = scratch('census')
    assertSame(census({ root: directory.path }), census({ root: directory.path }))
  })

  it('names a file, a FIFO and a mount that were left behind', () => {
    using directory = scratch('census')
    const root = directory.path
    const before = census({ root })
    writeFileSync(join(root, 'file'), '')
    execFileSync('mkfifo', [join(root, 'fifo')])
    const target = join(root, 'a mount')
    mkdirSync(target)
    execFileSync('mount', ['-t', 'tmpfs', 'census', target])
    try {
      const left = [
        `files: ${join(root, 'fifo')} (FIFO)`,
        `files: ${join(root, 'file')}`,
        `mounts: ${target} (tmpfs)`,
      ]
      for (const one of left)
        assert.throws(
          () => assertSame(before, census({ root })),
          (error: Error) => error.message.includes(`left behind, of ${one}`),
        )
      assertSame(before, census({ root }), /.*/)
    } finally {
      execFileSync('umount', [target])
    }
  })

  it('names a process that is still there, and not one of somebody else', async () => {
    using directory = scratch('census')
    using other = scratch('census')
    const before = census({ root: directory.path })
    const child = spawn('sleep', ['1000'], { cwd: directory.path })
    await once(child, 'spawn')
    const after = census({ root: directory.path })
    assert.deepEqual(after.processes, [`${child.pid} sleep 1000`])
    assert.deepEqual(census({ root: other.path }).processes, [])
    child.kill()
    await once(child, 'exit')
    assertSame(before, census({ root: directory.path }))
  })

  it('names a descriptor that stayed open', () => {
    using directory = scratch('census')
    const root = directory.path
    const before = census({ root })
    const path = join(root, 'open')
    const fd = openSync(path, 'w')
    rmSync(path)
    assert.throws(
      () => assertSame(before, census({ root })),
      /left behind, of descriptors: .*open \(deleted\)/,
    )
    closeSync(fd)
    assertSame(before, census({ root }))
  })

  it('names a cgroup that was not removed', () => {
    using directory = scratch('census')
    const place = { root: directory.path, cgroup: `shiplog-census-${process.pid}` }
    const before = census(place)
    const memory = '/sys/fs/cgroup/memory'
    const parent = census({ ...place, cgroup: memory }).cgroups.length > 0 ? memory : '/sys/fs/cgroup'
    const made = join(parent, place.cgroup)
    mkdirSync(made)
    try {
      assert.deepEqual(census(place).cgroups.length, before.cgroups.length + 1)
    } finally {
      rmdirSync(made)
    }
    assertSame(before, census(place))
  })
})
