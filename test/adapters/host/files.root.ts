import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { DIRECTORY, itself, O_PATH, openBeneath, through } from '../../../src/adapters/host/beneath.ts'
import { lockFile } from '../../../src/adapters/host/lock.ts'
import { deviceNumber, makeFifo, makeNode, nodeType } from '../../../src/adapters/host/node.ts'
import { openProcess, signalProcess } from '../../../src/adapters/host/pidfd.ts'
import { syncFilesystem } from '../../../src/adapters/host/sync.ts'
import { setTimes } from '../../../src/adapters/host/times.ts'
import { mount, MS, unmount } from '../../../src/adapters/host/mount.ts'
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

  it('are those of what is open', () => {
    writeFileSync(at('g'), '')
    const descriptor = openSync(at('g'), 'r')
    setXattr(descriptor, 'user.a', Buffer.from('b'))
    rmSync(at('g'))
    assert.deepEqual(getXattr(descriptor, 'user.a'), Buffer.from('b'))
    assert.deepEqual(listXattrs(descriptor).map(String), ['user.a'])
    assert.equal(getXattr(descriptor, 'user.none'), null)
    closeSync(descriptor)
    assert.throws(() => setXattr(descriptor, 'user.a', Buffer.from('b')), { code: 'EBADF' })
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
    const descriptor = openSync(at('old'), 'r')
    setTimes(descriptor, { seconds: 3, nanoseconds: 4 })
    closeSync(descriptor)
    assert.equal(lstatSync(at('old'), { bigint: true }).mtimeNs, 3_000_000_004n)
  })
})

describe('what is opened beneath a directory', () => {
  const top = at('top')
  mkdirSync(join(top, 'a/b'), { recursive: true })
  mkdirSync(at('beside'))
  writeFileSync(at('beside/secret'), 'secret')
  for (const [name, target] of [
    ['above', '../beside'],
    ['absolute', at('beside')],
    ['inside', 'a'],
    ['a/magic', '/proc/self/root'],
  ] as const)
    symlinkSync(target, join(top, name))
  const root = openSync(top, DIRECTORY)
  after(() => closeSync(root))

  it('is what has that path, and may be acted on by its descriptor', () => {
    const b = openBeneath(root, 'a/b', DIRECTORY)
    renameSync(join(top, 'a/b'), join(top, 'a/c'))
    writeFileSync(through(b, 'x'), 'x')
    writeFileSync(through(b, Buffer.from([0xff])), 'y')
    assert.equal(readFileSync(join(top, 'a/c/x'), 'utf8'), 'x')
    assert.deepEqual(readdirSync(itself(b)).length, 2)
    closeSync(b)
  })

  for (const path of ['above', 'absolute', 'inside', 'above/secret', 'inside/b', 'a/magic/etc'])
    it(`is not ${path}, through a link`, () => {
      for (const flags of [0, O_PATH, DIRECTORY])
        assert.throws(() => openBeneath(root, path, flags), { code: 'ELOOP', syscall: 'openat2' })
    })

  for (const path of ['..', '../beside', 'a/../../beside', '/', top])
    it(`is not ${path}, which leads out`, () => {
      assert.throws(() => openBeneath(root, path, DIRECTORY), { code: 'EXDEV' })
    })

  it('is not another file system', () => {
    mkdirSync(join(top, 'mounted'))
    mount('tmpfs', join(top, 'mounted'), 'tmpfs', MS.nosuid)
    try {
      assert.throws(() => openBeneath(root, 'mounted', DIRECTORY), { code: 'EXDEV' })
    } finally {
      unmount(join(top, 'mounted'))
    }
  })

  it('has a name without a NUL, and is not handed on to other programs', () => {
    assert.throws(() => openBeneath(root, 'a\0b', DIRECTORY), { code: 'EINVAL' })
    const descriptor = openBeneath(root, 'a', DIRECTORY)
    const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1]
    assert.ok(Number.parseInt(flags ?? '', 8) & 0o2000000)
    closeSync(descriptor)
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
