import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ContainerOptions } from '../../../src/domain/kernel/container-options.ts'
import type { ImageDefaults } from '../../../src/domain/kernel/image-config.ts'
import { maskedPaths, readonlyPaths } from '../../../src/domain/bundle/masked-paths.ts'
import { openBundles, readSurroundings } from '../../../src/adapters/bundle/directory.ts'
import { defaults, options } from '../../support/bundle-options.ts'
import { left, right, trialBundles } from '../../support/bundle.ts'

/** Runs a script as the whole of a container, with nothing but runc, and gives what it printed. */
const run = async (
  script: string,
  asked: Partial<ContainerOptions> = {},
  said: Partial<ImageDefaults> = {},
  change: (image: string) => void = () => {},
) => {
  using trial = trialBundles(image => {
    mkdirSync(join(image, 'data'))
    writeFileSync(join(image, 'data/of-the-image'), '')
    change(image)
  })
  const source = join(trial.base, 'source')
  mkdirSync(source)
  const binds = (asked.binds ?? []).map(bind => ({ ...bind, source }))
  await right(trial.prepare({ ...asked, binds, args: ['/bin/sh', '-c', script] }, said))
  const { status, stdout, stderr } = spawnSync(
    'runc',
    ['--root', join(trial.base, 'runc'), 'run', '--bundle', trial.bundle, trial.container],
    { encoding: 'utf8', timeout: 20_000 },
  )
  assert.equal(status, 0, stderr)
  return stdout.trim()
}

const status = (name: string) => `grep ^${name}: /proc/self/status | grep -o '[0-9a-f]*$'`

test('X4 a user by name has its ids and the groups it is a member of', async () => {
  assert.equal(
    await run('id', { user: 'ana' }),
    'uid=1000(ana) gid=1001(ana) groups=29(audio),44(video),1001(ana)',
  )
  assert.match(await run('id', { user: '4242:7' }), /^uid=4242 gid=7(?: groups=7)?$/)
  assert.match(
    await run('id', {}, { user: '' }),
    /^uid=0\(root\) gid=0\(root\) groups=0\(root\),44\(video\)$/,
  )
})

test('X4 root has docker’s capabilities, none of them inheritable, and no new privileges where asked', async () => {
  const script = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp']
    .map(status)
    .join(';')
  const docker = '00000000a80425fb'
  assert.deepEqual((await run(script)).split('\n'), [
    '0000000000000000',
    docker,
    docker,
    docker,
    '0000000000000000',
    '0',
    '2',
  ])
  const asked = { capDrop: ['ALL'], capAdd: ['NET_ADMIN', 'CAP_KILL'], noNewPrivileges: true }
  const two = '0000000000001020'
  assert.deepEqual((await run(script, asked)).split('\n'), [
    '0000000000000000',
    two,
    two,
    two,
    '0000000000000000',
    '1',
    '2',
  ])
  assert.equal(await run(status('Seccomp'), { seccomp: { kind: 'unconfined' } }), '0')
})

test('X4 another user has no capability in effect', async () => {
  assert.equal(
    await run(`${status('CapEff')}; ${status('CapBnd')}`, { user: 'ana' }),
    '0000000000000000\n00000000a80425fb',
  )
})

test('X5 paths that tell of the host are masked, and those that change it are read-only', async () => {
  assert.equal(
    await run('cat /proc/kcore /proc/keys /proc/timer_list /proc/interrupts 2>/dev/null | busybox wc -c'),
    '0',
  )
  assert.equal(await run('busybox find /proc/acpi /sys/firmware -mindepth 1 2>/dev/null; true'), '')
  assert.equal(await run('(echo 1 > /proc/sys/kernel/panic) 2>/dev/null || echo refused'), 'refused')
  assert.equal(await run('(echo b > /proc/sysrq-trigger) 2>/dev/null || echo refused'), 'refused')
})

test('limits of the process are as asked, -1 is unlimited', async () => {
  const ulimits = [
    { name: 'nofile', soft: 123, hard: 456 },
    { name: 'core', soft: -1, hard: -1 },
    { name: 'nproc', soft: 77, hard: 77 },
  ]
  const limits = await run("grep -E 'open files|core file|processes' /proc/self/limits", { ulimits })
  assert.match(limits, /Max core file size\s+unlimited\s+unlimited/)
  assert.match(limits, /Max open files\s+123\s+456/)
  assert.match(limits, /Max processes\s+77\s+77/)
})

test('memory, processor time and processes are limited by its cgroup', async () => {
  const read = (v1: string, v2: string) => `cat /sys/fs/cgroup/${v1} /sys/fs/cgroup/${v2} 2>/dev/null`
  const script = [
    read('memory/memory.limit_in_bytes', 'memory.max'),
    read('cpu/cpu.cfs_quota_us', 'cpu.max'),
    read('pids/pids.max', 'pids.max'),
  ].join('; ')
  const lines = (await run(`${script}; true`, { memory: 64 * 2 ** 20, cpus: 0.5, pidsLimit: 50 })).split('\n')
  assert.equal(lines[0], String(64 * 2 ** 20))
  assert.match(lines[1] ?? '', /^50000(?: 100000)?$/)
  assert.equal(lines[2], '50')
})

test('the default devices are there and no other can be used', async () => {
  // runc adds a link to /proc/kcore where the kernel has one.
  const devices = await run('ls /dev | grep -v ^core')
  assert.deepEqual(
    devices.split('\n').sort(),
    'fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero'.split(' '),
  )
  assert.equal(await run('busybox mknod /mem c 1 1 && (cat /mem 2>/dev/null || echo refused)'), 'refused')
})

test('X2 descriptors are 0, 1, 2 and that of the directory itself', async () => {
  assert.equal(await run('ls /proc/self/fd'), '0\n1\n2\n3')
})

test('X4 a user by number that nobody has is in no further group', async () => {
  assert.equal(await run(`grep ^Groups: /proc/self/status`, { user: '4242:4242' }), 'Groups:\t4242')
})

/** What is mounted below a directory, and whether it is read-only there; runc makes each a mount of its own. */
const mountsBelow = (mountinfo: string, directory: string) =>
  mountinfo.split('\n').flatMap(line => {
    const [, , , , path = '', options = ''] = line.split(' ')
    return path.startsWith(`${directory}/`) ? [{ path, isReadonly: options.split(',').includes('ro') }] : []
  })

test('X5 exactly those are masked or read-only that docker masks, each by a mount of its own', async () => {
  const mountinfo = await run('cat /proc/self/mountinfo')
  const masked = maskedPaths(readSurroundings().host)
  const there = [...masked, ...readonlyPaths].filter(path => existsSync(path)).sort()
  const found = [...mountsBelow(mountinfo, '/proc'), ...mountsBelow(mountinfo, '/sys')]
    .filter(({ path }) => !path.startsWith('/sys/fs/cgroup'))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
  assert.deepEqual(
    found.map(({ path }) => path),
    there,
  )
  for (const { path, isReadonly } of found)
    assert.ok(
      isReadonly || !statSync(path).isDirectory() || !(readonlyPaths as ReadonlyArray<string>).includes(path),
      path,
    )
  const written = await run(
    readonlyPaths
      .filter(path => existsSync(path))
      .map(path => `(echo 1 > ${path}/x || echo 1 > ${path}) 2>/dev/null && echo ${path}`)
      .join('; ') + '; true',
  )
  assert.equal(written, '')
})

test('X1 what the image has where devices and kernel files are to be does not matter: ours are on top of it', async () => {
  const harm = join(tmpdir(), `shiplog-x1-${process.pid}`)
  writeFileSync(harm, 'untouched')
  try {
    const image = (root: string) => {
      for (const path of ['dev', 'proc', 'sys']) mkdirSync(join(root, path), { recursive: true })
      mkdirSync(join(root, 'proc/sys'))
      for (const [path, to] of [
        ['dev/null', harm],
        ['dev/console', harm],
        ['dev/pts', '/proc/sys/kernel'],
        ['dev/ptmx', '/proc/sysrq-trigger'],
        ['dev/shm', '/'],
        ['dev/mqueue', '/proc'],
        ['dev/fd', '/'],
        ['dev/core', '/proc/sysrq-trigger'],
        ['proc/kcore', harm],
        ['proc/sys/kernel', '/tmp'],
        ['proc/sysrq-trigger', harm],
        ['sys/firmware', '/'],
      ] as const)
        symlinkSync(to, join(root, path))
    }
    const script = [
      'busybox stat -c "%F %t:%T" /dev/null /dev/zero',
      'echo x > /dev/null',
      'grep -c " /dev/pts devpts " /proc/mounts',
      'busybox readlink /dev/ptmx',
      'busybox stat -c %F /dev/shm /dev/mqueue',
      'cat /proc/kcore | busybox wc -c',
      '(echo 1 > /proc/sys/kernel/panic) 2>/dev/null || echo refused',
    ].join('; ')
    assert.deepEqual((await run(script, {}, {}, image)).split('\n'), [
      'character special file 1:3',
      'character special file 1:5',
      '1',
      'pts/ptmx',
      'directory',
      'directory',
      '0',
      'refused',
    ])
    assert.equal(readFileSync(harm, 'utf8'), 'untouched')
  } finally {
    rmSync(harm)
  }
})

test('name, hosts, environment and directory are its own', async () => {
  const out = await run(
    'busybox hostname; cat /etc/hostname; grep web /etc/hosts; busybox pwd; echo $HOME $HOSTNAME; busybox ls -A /etc/resolv.conf',
    { hostname: 'web.example', workingDir: '/srv/app', user: 'ana' },
  )
  assert.deepEqual(out.split('\n'), [
    'web.example',
    'web.example',
    '127.0.1.1\tweb.example web',
    '/srv/app',
    '/home/ana web.example',
    '/etc/resolv.conf',
  ])
})

test('without a network there is loopback alone; the host’s is the host’s', async () => {
  const interfaces = 'busybox ls /sys/class/net'
  assert.equal(await run(interfaces), 'lo')
  const own = spawnSync('busybox', ['ls', '/sys/class/net'], { encoding: 'utf8' }).stdout.trim()
  assert.equal(await run(interfaces, { network: 'host' }), own)
  assert.equal(await run('cat /proc/sys/net/ipv4/ip_unprivileged_port_start'), '0')
})

test('binds and tmpfs are where they were asked for, and read-only is', async () => {
  const binds = [
    { source: '', target: '/ro', readonly: true },
    { source: '', target: '/data/rw', readonly: false },
  ]
  const tmpfs = [{ target: '/scratch', options: ['size=1m', 'mode=700', 'exec'] }]
  const script = [
    '(touch /ro/x) 2>/dev/null || echo read-only',
    'touch /data/rw/y && ls /data /ro',
    'grep " /scratch " /proc/mounts',
  ].join('; ')
  const out = await run(script, { binds, tmpfs })
  assert.match(out, /^read-only\n\/data:\nof-the-image\nrw\n\n\/ro:\ny\n/)
  assert.match(out, /tmpfs \/scratch tmpfs rw,nosuid,nodev,relatime,size=1024k,mode=700/)
})

test('a read-only rootfs is, with /dev and tmpfs writable', async () => {
  const script =
    '(touch /x; touch /etc/hosts) 2>/dev/null || echo read-only; touch /dev/shm/x /t/x && echo written'
  assert.equal(
    await run(script, { readonlyRootfs: true, tmpfs: [{ target: '/t', options: [] }] }),
    'read-only\nwritten',
  )
})

test('the system calls that break out are refused, those of a shell are not', async () => {
  const script = '(busybox unshare -m true || busybox mount -t tmpfs x /data) 2>/dev/null || echo refused'
  assert.equal(await run(script), 'refused')
})

test('with --init the process is a child of the init', { timeout: 20_000 }, async () => {
  using trial = trialBundles()
  const open = (findInit: () => string | null) =>
    openBundles({
      root: join(trial.base, 'root'),
      state: join(trial.base, 'state'),
      surroundings: { ...readSurroundings(), findInit },
    })
  const work = {
    container: trial.container,
    mounts: trial.mounts,
    defaults: defaults(),
    options: options({ init: true, args: ['x', 'y'] }),
  }
  const { problem, cause } = await left(open(() => null).prepare(work))
  assert.equal(problem, 'init-missing')
  assert.match(cause, /tini or catatonit/)

  // An init that says how it was called; a real one is a package that need not be installed here.
  const init = join(trial.base, 'init')
  const script = '#!/bin/sh\necho "$0 $*"\n'
  writeFileSync(init, script, { mode: 0o755 })
  await right(open(() => init).prepare(work))
  const { stdout, stderr } = spawnSync(
    'runc',
    ['--root', join(trial.base, 'runc'), 'run', '--bundle', trial.bundle, trial.container],
    { encoding: 'utf8' },
  )
  assert.equal(stdout.trim(), '/sbin/docker-init -- x y', stderr)
  assert.equal(readFileSync(init, 'utf8'), script)
})
