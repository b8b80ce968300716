import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isMounted } from '../../../src/adapters/bundle/rootfs-mount.ts'
import { options } from '../../support/bundle-options.ts'
import { left, right, trialBundles } from '../../support/bundle.ts'

const modeOf = (path: string) => statSync(path).mode & 0o777

test('a prepared bundle is there, mounted, private, and has the digest that is told', async () => {
  using trial = trialBundles()
  const { path, configDigest } = await right(trial.prepare())
  assert.equal(path, trial.bundle)
  assert.ok(isMounted(trial.rootfs))
  assert.ok(existsSync(join(trial.rootfs, 'bin/busybox')))
  const text = readFileSync(join(path, 'config.json'))
  assert.equal(configDigest, `sha256:${createHash('sha256').update(text).digest('hex')}`)
  assert.deepEqual(text, readFileSync(join(trial.kept, 'config.json')))
  assert.equal(modeOf(join(path, 'config.json')), 0o600)
  assert.equal(modeOf(join(trial.kept, 'config.json')), 0o600)
  assert.equal(modeOf(trial.kept), 0o700)
  assert.equal(modeOf(trial.bundle), 0o700)
  for (const name of ['hosts', 'hostname', 'resolv.conf']) assert.equal(modeOf(join(trial.kept, name)), 0o644)
})

test('prepared twice it is the same bundle', async () => {
  using trial = trialBundles()
  const first = await right(trial.prepare())
  assert.deepEqual(await right(trial.prepare()), first)
  await right(trial.bundles.deactivate(trial.container))
  assert.ok(!isMounted(trial.rootfs))
})

test('two containers with the same configuration have different digests', async () => {
  using one = trialBundles()
  using other = trialBundles()
  const a = await right(one.prepare({ args: ['x'] }))
  const b = await right(
    other.bundles.prepare({ ...workOf(one), container: other.container, mounts: other.mounts }),
  )
  assert.notEqual(a.configDigest, b.configDigest)
  assert.notEqual(one.config().annotations['shiplog.salt'], other.config().annotations['shiplog.salt'])
})

const workOf = ({ container, mounts }: ReturnType<typeof trialBundles>) => ({
  container,
  mounts,
  defaults: { user: '', env: [], workingDir: '', volumes: [], stopSignal: null },
  options: options({ args: ['x'] }),
})

test('values of the environment are kept 0600 and reach the process in their order', async () => {
  using trial = trialBundles()
  await right(trial.bundles.keepEnvironment(trial.container, ['PASSWORD=hunter2', 'A=1\n2', 'E=']))
  assert.equal(modeOf(join(trial.kept, 'env')), 0o600)
  await right(
    trial.prepare({ environment: ['PASSWORD', 'A', 'E'] }, { env: ['A=image', 'LANG=C', 'BROKEN'] }),
  )
  assert.deepEqual(trial.config().process.env, [
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    `HOSTNAME=${trial.container.slice(0, 12)}`,
    'A=1\n2',
    'LANG=C',
    'PASSWORD=hunter2',
    'E=',
  ])
})

test('a container whose values are gone is refused by their names', async () => {
  using trial = trialBundles()
  const { reason, problem, cause } = await left(trial.prepare({ environment: ['PASSWORD'] }))
  assert.deepEqual([reason, problem], ['refused', 'environment-lost'])
  assert.match(cause, /PASSWORD/)
})

test('after a reboot the bundle is made again from what is on disk', async () => {
  using trial = trialBundles()
  await right(trial.prepare({ workingDir: '/srv' }))
  const config = trial.config()
  await right(trial.bundles.deactivate(trial.container))
  rmSync(trial.bundle, { recursive: true })
  assert.deepEqual(await right(trial.bundles.activate(trial.container)), { path: trial.bundle })
  assert.deepEqual(trial.config(), config)
  assert.ok(isMounted(trial.rootfs))
  await right(trial.bundles.activate(trial.container))
})

test('what a power failure has taken is said, and is final', async () => {
  using trial = trialBundles()
  assert.equal((await left(trial.bundles.activate(trial.container))).problem, 'bundle-lost')
  await right(trial.prepare())
  writeFileSync(join(trial.kept, 'config.json'), '')
  const failure = await left(trial.bundles.activate(trial.container))
  assert.deepEqual([failure.reason, failure.problem], ['refused', 'bundle-lost'])
})

test('a removed bundle leaves the output and nothing else, and may be removed again', async () => {
  using trial = trialBundles()
  await right(trial.prepare())
  writeFileSync(trial.bundles.outputPath(trial.container), 'said')
  assert.deepEqual(await right(trial.bundles.list()), [trial.container])
  await right(trial.bundles.remove(trial.container))
  assert.deepEqual(readdirSync(trial.kept), ['log'])
  assert.ok(!existsSync(trial.bundle))
  assert.ok(existsSync(join(trial.base, 'image/bin/busybox')), 'the image is untouched')
  await right(trial.bundles.remove(trial.container))
  rmSync(trial.bundles.outputPath(trial.container))
  await right(trial.bundles.remove(trial.container))
  assert.deepEqual(await right(trial.bundles.list()), [])
})

test('a refused bundle is not left mounted', async () => {
  using trial = trialBundles()
  await left(trial.prepare({ user: 'nobody-here' }))
  assert.ok(!isMounted(trial.rootfs))
})

test('a mount that the kernel will not have is a failure by name', async () => {
  using trial = trialBundles()
  const work = { ...workOf(trial), mounts: [{ type: 'no-such-fs', source: 'none', options: [] }] }
  const { reason, problem } = await left(trial.bundles.prepare(work))
  assert.deepEqual([reason, problem], ['refused', 'mount-failed'])
  const absent = [{ type: 'overlay', source: 'overlay', options: ['lowerdir=/not/there'] }]
  assert.equal((await left(trial.bundles.prepare({ ...work, mounts: absent }))).reason, 'unavailable')
})

test('working directory, volumes and targets are made inside the rootfs', async () => {
  using trial = trialBundles()
  const source = join(trial.base, 'data')
  mkdirSync(source)
  await right(
    trial.prepare(
      {
        binds: [
          { source, target: '/a/b', readonly: false },
          { source: '/etc/hostname', target: '/c/d', readonly: true },
          { source, target: '/a/b/deeper', readonly: false },
        ],
        tmpfs: [{ target: '/t', options: [] }],
      },
      { volumes: ['/v/w', 'relative', '/../../etc', '/proc', '/t/x'], workingDir: 'srv/./app/..' },
    ),
  )
  assert.ok(statSync(join(trial.rootfs, 'a/b')).isDirectory())
  assert.ok(statSync(join(trial.rootfs, 'c/d')).isFile())
  assert.ok(statSync(join(trial.rootfs, 'v/w')).isDirectory())
  assert.ok(statSync(join(trial.rootfs, 'relative')).isDirectory())
  assert.ok(statSync(join(trial.rootfs, 'srv')).isDirectory())
  assert.ok(!existsSync(join(trial.rootfs, 'a/b/deeper')), 'the runtime makes it in the bind')
  assert.ok(!existsSync(join(trial.rootfs, 't/x')))
  assert.equal(trial.config().process.cwd, '/srv')
  assert.deepEqual(readdirSync(source), [])
})

test('a source that is not there is refused', async () => {
  using trial = trialBundles()
  const binds = [{ source: '/not/there', target: '/x', readonly: false }]
  assert.equal((await left(trial.prepare({ binds }))).problem, 'bind-source-missing')
})

test('without space it may work later, and then it does', async () => {
  using trial = trialBundles()
  const filler = join(trial.base, 'filler')
  const chunk = Buffer.alloc(2 ** 20)
  assert.throws(() => {
    for (;;) appendFileSync(filler, chunk)
  }, /ENOSPC/)
  const { reason, problem } = await left(trial.prepare())
  assert.deepEqual([reason, problem], ['unavailable', 'no-space'])
  rmSync(filler)
  await right(trial.prepare())
})

test('a bind mount of the same file system is known to be mounted', async () => {
  using trial = trialBundles()
  const bind = [{ type: 'bind', source: join(trial.base, 'image'), options: ['rbind', 'rw'] }]
  await right(trial.bundles.prepare({ ...workOf(trial), mounts: bind }))
  assert.ok(isMounted(trial.rootfs))
  await right(trial.bundles.prepare({ ...workOf(trial), mounts: bind }))
  await right(trial.bundles.remove(trial.container))
  assert.ok(existsSync(join(trial.base, 'image/bin/busybox')))
})
