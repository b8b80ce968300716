import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A fresh ext4 of its own, on a loop device: what else is on the machine's disk does not count. */
export const freshExt4 = (size = '12G') => {
  const scratch = mkdtempSync(join(tmpdir(), 'shiplog-bench-'))
  const image = join(scratch, 'disk')
  const path = join(scratch, 'mnt')
  execFileSync('truncate', ['-s', size, image])
  execFileSync('mkfs.ext4', ['-q', '-F', image])
  execFileSync('mkdir', [path])
  execFileSync('mount', ['-o', 'loop', image, path])
  return {
    path,
    [Symbol.dispose]: () => {
      execFileSync('umount', ['-l', path])
      rmSync(scratch, { recursive: true, force: true })
    },
  }
}
