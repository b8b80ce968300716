import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { closeSync, lstatSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { lockFile } from '../../../src/adapters/host/lock.ts'
import { deviceNumber, makeFifo, makeNode, nodeType } from '../../../src/adapters/host/node.ts'
import { openProcess, signalProcess } from '../../../src/adapters/host/pidfd.ts'
import { syncFilesystem } from '../../../src/adapters/host/sync.ts'
import { setTimes } from '../../../src/adapters/host/times.ts'
import { getXattr, listXattrs, setXattr } from '../../../src/adapters/host/xattr.ts'

const directory = mkdtempSync(join(tmpdir(), 'files-'))
after(() => rmSync(directory, { recursive: true }))
const at = (name: string) => join(directory, name)

describe('special files', () => {
  it('are made with the type, mode and number asked for', () => {
    makeNode(at('device'), nodeType.character | 0o600, deviceNumber(300, 70_000))
    const { rdev, mode } = lstatSync(at('device'))
    assert.equal(BigInt(rdev), deviceNumber(300, 70_000))
    assert.equal(mode, nodeType.character | 0o600)
  })

  it('a FIFO is made once, however often it is asked for', () => {
    makeFifo(at('fifo'), 0o600)
    makeFifo(at('fifo'), 0o600)
    assert.ok(lstatSync(at('fifo')).isFIFO())
    assert.throws(() => makeFifo(at('no/fifo'), 0o600), {
      code: 'ENOENT',
      syscall: 'mkfifo',
      path: at('no/fifo'),
    })
  })

  it('a name is never cut at a NUL', () => {
    assert.throws(() => makeFifo(at('a\0b'), 0o600), { code: 'EINVAL' })
  })
})

describe('extended attributes', () => {
  it('come back as they were set, on names that are not UTF-8 too', () => {
    const path = Buffer.from(`${at('f')}\xff\xfe`, 'latin1')
    writeFileSync(path, '')
    const value = Buffer.from([0, 255, 10, 0])
    setXattr(path, 'user.binary', value)
    setXattr(path, 'user.empty', Buffer.alloc(0))
    assert.deepEqual(getXattr(path, 'user.binary'), value)
    assert.deepEqual(getXattr(path, 'user.empty'), Buffer.alloc(0))
    assert.equal(getXattr(path, 'user.none'), null)
    assert.deepEqual(listXattrs(path).map(String).toSorted(), ['user.binary', 'user.empty'])
  })

  it('are a symbolic link’s own', () => {
    symlinkSync('/etc', at('link'))
    setXattr(at('link'), 'trusted.mine', Buffer.from('x'))
    assert.equal(getXattr('/etc', 'trusted.mine'), null)
  })
})

describe('times', () => {
  it('are set to the nanosecond, before 1970 too', () => {
    writeFileSync(at('old'), '')
    setTimes(at('old'), { seconds: -2, nanoseconds: 123_456_789 })
    assert.equal(lstatSync(at('old'), { bigint: true }).mtimeNs, -1_876_543_211n)
  })
})

describe('syncFilesystem', () => {
  it('returns', () => syncFilesystem(directory))
})

describe('lockFile', () => {
  it('is held by one at a time', () => {
    const release = lockFile(at('lock'))
    assert.notEqual(release, 'held')
    assert.equal(lockFile(at('lock')), 'held')
    if (release !== 'held') release()
    const again = lockFile(at('lock'))
    assert.notEqual(again, 'held')
    if (again !== 'held') again()
  })
})

describe('a process descriptor', () => {
  it('means one process, and says when it has ended', async () => {
    const child = spawn('sleep', ['60'])
    const pidfd = openProcess(child.pid ?? 0)
    try {
      signalProcess(pidfd, 0)
      const exited = new Promise(resolve => child.once('exit', resolve))
      signalProcess(pidfd, 9)
      await exited
      assert.throws(() => signalProcess(pidfd, 0), { code: 'ESRCH' })
    } finally {
      closeSync(pidfd)
    }
  })
})
