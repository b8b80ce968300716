import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { deviceNumber, makeFifo, makeNode, nodeType } from '../../../src/adapters/host/node.ts'
import type { ContainerOptions } from '../../../src/domain/kernel/container-options.ts'
import type { ImageDefaults } from '../../../src/domain/kernel/image-config.ts'
import { left, right, trialBundles } from '../../support/bundle.ts'

type Hostile = Readonly<{
  image?: (root: string) => void
  asked?: Partial<ContainerOptions>
  says?: Partial<ImageDefaults>
}>

const refusal = async ({ image, asked, says }: Hostile) => {
  using trial = trialBundles(image)
  const before = process.hrtime.bigint()
  const { reason, problem } = await left(trial.prepare(asked, says))
  assert.ok(process.hrtime.bigint() - before < 2_000_000_000n, 'it is refused at once')
  assert.equal(reason, 'refused')
  return problem
}

const replace = (path: string, by: (path: string) => void) => (root: string) => {
  rmSync(join(root, path), { recursive: true, force: true })
  by(join(root, path))
}
const link = (path: string, to: string) => replace(path, at => symlinkSync(to, at))

describe('accounts that are no files', () => {
  for (const file of ['etc/passwd', 'etc/group']) {
    const cases: ReadonlyArray<readonly [string, (path: string) => void]> = [
      ['a FIFO', path => makeFifo(path, 0o644)],
      ['a device', path => makeNode(path, nodeType.character | 0o666, deviceNumber(1, 5))],
      ['a link to /dev/zero', path => symlinkSync('/dev/zero', path)],
      ['a link to /proc/self/mem', path => symlinkSync('/proc/self/mem', path)],
      ['a directory', path => mkdirSync(path)],
      ['1 GiB of nothing', path => (writeFileSync(path, ''), truncateSync(path, 2 ** 30))],
      ['a link to itself', path => symlinkSync('/etc/../etc/./passwd', path)],
    ]
    for (const [what, make] of cases)
      if (what !== 'a link to itself' || file === 'etc/passwd')
        test(`M4 ${file} is ${what}`, async () => {
          assert.equal(await refusal({ image: replace(file, make) }), 'unsafe-path')
          assert.equal(await refusal({ image: replace(file, make), asked: { user: 'ana' } }), 'unsafe-path')
        })
  }
  test('M4 a link is followed inside the rootfs only', async () => {
    using trial = trialBundles(root => {
      writeFileSync(join(root, 'etc/accounts'), 'eve:x:7:8::/:/bin/sh\n')
      link('etc/passwd', '/../../../etc/accounts')(root)
    })
    await right(trial.prepare({ user: 'eve' }))
    assert.deepEqual(trial.config().process.user, { uid: 7, gid: 8, additionalGids: [8] })
  })
  test('M4 a container that made its accounts a FIFO is not started again', async () => {
    using trial = trialBundles()
    await right(trial.prepare())
    replace('etc/passwd', path => makeFifo(path, 0o644))(trial.rootfs)
    assert.equal((await left(trial.bundles.activate(trial.container))).problem, 'unsafe-path')
  })
})

describe('users that are none', () => {
  for (const user of [
    '4294967296',
    '-1',
    '0x0',
    '1000:1000:1',
    '18446744073709551616',
    '1e3',
    ' 0',
    'a b',
    '0\n1',
  ])
    test(`M3 ${JSON.stringify(user)}`, async () => {
      const image = (root: string) => writeFileSync(join(root, 'etc/passwd'), `${user}:x:0:0::/:/bin/sh\n`)
      assert.equal(await refusal({ says: { user }, image }), 'bad-user')
    })
  test('M3 an account whose number is none does not become root', async () => {
    const image = (root: string) => writeFileSync(join(root, 'etc/passwd'), 'app:x:4294967296:0::/:/bin/sh\n')
    assert.equal(await refusal({ says: { user: 'app' }, image }), 'bad-user')
  })
  test('M3 a name that is not there', async () => {
    assert.equal(await refusal({ asked: { user: 'nobody-here' } }), 'user-not-found')
    assert.equal(await refusal({ asked: { user: 'ana:nobody-here' } }), 'user-not-found')
  })
})

describe('working directories that lead elsewhere', () => {
  const cases: ReadonlyArray<readonly [string, string, Hostile['image'], string]> = [
    ['an open file of the runtime', '/proc/self/fd/7', undefined, 'bad-working-dir'],
    ['the same by dots', '/srv/../proc/self/fd/7', undefined, 'bad-working-dir'],
    ['a link to it', '/work', link('work', '/proc/self/fd/7'), 'bad-working-dir'],
    [
      'a relative link to it',
      '/w/x',
      root => (mkdirSync(join(root, 'w')), symlinkSync('../proc/self', join(root, 'w/x'))),
      'bad-working-dir',
    ],
    ['a link into /sys', '/work', link('work', '/sys/kernel'), 'unsafe-path'],
    ['64 KiB', `/${'x/'.repeat(32_768)}`, undefined, 'bad-working-dir'],
    ['a name of 300 bytes', `/${'ü'.repeat(150)}`, undefined, 'bad-working-dir'],
    ['a NUL', '/a\0b', undefined, 'bad-working-dir'],
    ['a file', '/etc/passwd', undefined, 'unsafe-path'],
    ['below a file', '/etc/passwd/x', undefined, 'unsafe-path'],
    ['a link to itself', '/work', link('work', 'work'), 'unsafe-path'],
  ]
  for (const [what, workingDir, image, problem] of cases)
    test(`M6 ${what}`, async () => {
      assert.equal(
        await refusal({ ...(image === undefined ? {} : { image }), says: { workingDir } }),
        problem,
      )
    })
  test('M6 ../.. is the root', async () => {
    using trial = trialBundles()
    await right(trial.prepare({}, { workingDir: '../..' }))
    assert.equal(trial.config().process.cwd, '/')
  })
})

describe('links where something is to be made or mounted', () => {
  test('M8 volumes are made inside the rootfs', async () => {
    using trial = trialBundles(root => {
      symlinkSync('/', join(root, 'slash'))
      symlinkSync('../../../../../..', join(root, 'up'))
    })
    const inside = `shiplog-${process.pid}`
    await right(
      trial.prepare({}, { volumes: [`/slash/${inside}-a`, `/up/${inside}-b/c`, `/../../${inside}-d`] }),
    )
    assert.ok(
      existsSync(join(trial.rootfs, `${inside}-a`)) && existsSync(join(trial.rootfs, `${inside}-b/c`)),
    )
    assert.deepEqual(
      readdirSync('/').filter(name => name.startsWith(inside)),
      [],
    )
  })
  test('M8 a bind goes to where the link leads inside, and the runtime is told that place', async () => {
    using trial = trialBundles(link('data', '/../srv/real'))
    await right(trial.prepare({ binds: [{ source: '/etc', target: '/data/x', readonly: true }] }))
    assert.equal(trial.config().mounts.at(-1).destination, '/srv/real/x')
    assert.ok(existsSync(join(trial.rootfs, 'srv/real/x')))
  })
  for (const to of ['/proc/self', '/dev/pts', '/sys/fs/cgroup'])
    test(`M8, X1 a volume, a bind and a tmpfs that lead to ${to}`, async () => {
      const image = link('data', to)
      assert.equal(await refusal({ image, says: { volumes: ['/data/x'] } }), 'unsafe-path')
      assert.equal(
        await refusal({ image, asked: { tmpfs: [{ target: '/data/x', options: [] }] } }),
        'unsafe-path',
      )
      const binds = [{ source: '/etc', target: '/data/x', readonly: false }]
      assert.equal(await refusal({ image, asked: { binds } }), 'unsafe-path')
    })
  for (const path of ['proc', 'dev', 'sys', 'etc'])
    test(`M8, X1 /${path} is a link`, async () => {
      const image = link(path, path === 'etc' ? '/proc/self' : '/tmp')
      assert.equal(await refusal({ image }), 'unsafe-path')
    })
  test('M8 a directory cannot be mounted on a file, nor a file on a directory', async () => {
    const directory = [{ source: '/etc', target: '/etc/passwd', readonly: true }]
    assert.equal(await refusal({ asked: { binds: directory } }), 'unsafe-path')
    const file = [{ source: '/etc/hostname', target: '/etc', readonly: true }]
    assert.equal(await refusal({ asked: { binds: file } }), 'unsafe-path')
  })
})

describe('environments without end', () => {
  const cases: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
    ['a NUL', ['A=b\0c']],
    ['1 MiB in one value', [`A=${'x'.repeat(2 ** 20)}`]],
    ['100,000 entries', Array.from({ length: 100_000 }, (_, i) => `NAME_${i}=${i}`)],
  ]
  for (const [what, env] of cases)
    test(`M7 ${what}`, async () => assert.equal(await refusal({ says: { env } }), 'bad-environment'))
  test('M7 a newline is a value like any other, and goes to no file of accounts', async () => {
    using trial = trialBundles()
    await right(trial.prepare({}, { env: ['HOME=/x\nroot::0:0::/:/bin/sh'] }))
    assert.ok(trial.config().process.env.includes('HOME=/x\nroot::0:0::/:/bin/sh'))
    assert.deepEqual(readdirSync(trial.upper), [], 'nothing is written into the rootfs')
  })
})
