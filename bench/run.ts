// npm run bench: shiplog beside the peers that are installed, on a fresh ext4, interleaved. Writes a table.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startDockerRegistry } from '../test/support/docker-registry.ts'
import { startContainerd } from './support/containerd.ts'
import { startShiplog } from './support/daemon.ts'
import { openPodman } from './support/podman.ts'
import { largeImage, smallImage } from './support/images.ts'
import { freshExt4 } from './support/loop-mount.ts'
import { interleaved, table } from './support/measure.ts'
import type { Case } from './support/measure.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    only: { type: 'string', default: 'run,exec,parallel,pull,idle' },
    out: { type: 'string', default: 'bench/out/results.md' },
  },
})
const rounds = Number(values.rounds)
const chosen = new Set(values.only.split(','))

using disk = freshExt4()
await using registry = await startDockerRegistry()
const host = registry.url.replace('http://', '')
await using containerd = await startContainerd(join(disk.path, 'containerd'))
await using shiplog = await startShiplog(join(disk.path, 'shiplog'), '/run/shiplog-bench')

const podman = openPodman(join(disk.path, 'podman'))

/** podman's own are more than a host may allow. */
const ulimits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024']

const small = `${host}/bench/busybox:1`
await smallImage(registry.url, 'bench/busybox', '1')
await shiplog.shiplog('pull', small)
await containerd?.ctr('image', 'pull', '--plain-http', small)
await podman?.('pull', '--tls-verify=false', small)

const results: Array<string> = []
let serial = 0
const next = (prefix: string) => `${prefix}${process.pid}-${++serial}`

const run = { image: small, args: ['/bin/true'], autoRemove: true, network: 'none' }

if (chosen.has('run')) {
  const bundle = join(disk.path, 'bundle')
  await using _ = await makeBundle(bundle)
  const cases: ReadonlyArray<Case> = [
    {
      name: 'bare runc run',
      run: async () => void execFileSync('runc', ['run', '--bundle', bundle, next('r')], { stdio: 'ignore' }),
    },
    {
      name: 'shiplog, at the socket',
      run: () => shiplog.command('run-container', run, '?until=exited').then(() => {}),
    },
    {
      name: 'shiplog run --rm',
      run: () => shiplog.shiplog('run', '--rm', '--network', 'none', small, '/bin/true'),
    },
    ...(containerd === null
      ? []
      : [{ name: 'ctr run --rm', run: () => containerd.ctr('run', '--rm', small, next('c'), '/bin/true') }]),
    ...(podman === null
      ? []
      : [
          {
            name: 'podman run --rm',
            run: () => podman('run', '--rm', '--network', 'none', ...ulimits, small, '/bin/true'),
          },
        ]),
  ]
  const timings = await interleaved(cases, { rounds })
  results.push(
    table(
      '`run --rm --network none IMAGE true`',
      timings,
      containerd === null ? 'bare runc run' : 'ctr run --rm',
    ),
  )
  results.push(table('The same, beside a bare runc', timings, 'bare runc run'))
}

if (chosen.has('exec')) {
  await shiplog.command('run-container', {
    image: small,
    name: 'execs',
    args: ['/bin/sleep', '1000'],
    network: 'none',
  })
  await containerd?.ctr('run', '-d', small, 'execs', '/bin/sleep', '1000')
  const cases: ReadonlyArray<Case> = [
    { name: 'shiplog exec', run: () => shiplog.shiplog('exec', 'execs', '/bin/true') },
    {
      name: 'shiplog, at the socket',
      run: async () => {
        const asked = { container: 'execs', args: ['/bin/true'] }
        const { subject } = await shiplog.command<{ subject: { id: string } }>('exec-container', asked)
        await shiplog.ask('GET', `/v1/execs/${subject.id}/wait`)
      },
    },
    ...(containerd === null
      ? []
      : [
          {
            name: 'ctr task exec',
            run: () => containerd.ctr('task', 'exec', '--exec-id', next('e'), 'execs', '/bin/true'),
          },
        ]),
  ]
  results.push(table('`exec` of `true`', await interleaved(cases, { rounds }), 'ctr task exec'))
  await shiplog.command('remove-container', { container: 'execs', force: true })
  await containerd?.ctr('task', 'kill', '-s', '9', 'execs')
  await containerd?.ctr('container', 'rm', 'execs').catch(() => containerd.ctr('task', 'rm', '-f', 'execs'))
}

if (chosen.has('parallel')) {
  const fifty = async (one: () => Promise<unknown>) => {
    let left = 50
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        while (left-- > 0) await one()
      }),
    )
  }
  const cases: ReadonlyArray<Case> = [
    { name: 'shiplog run --rm', run: () => fifty(() => shiplog.shiplog('run', '--rm', small, '/bin/true')) },
    {
      name: 'shiplog, at the socket',
      run: () => fifty(() => shiplog.command('run-container', run, '?until=exited')),
    },
    ...(containerd === null
      ? []
      : [
          {
            name: 'ctr run --rm',
            run: () => fifty(() => containerd.ctr('run', '--rm', small, next('p'), '/bin/true')),
          },
        ]),
  ]
  results.push(
    table('50 starts, 8 in flight', await interleaved(cases, { rounds: 3, warmUp: 0 }), 'ctr run --rm'),
  )
}

if (chosen.has('pull')) {
  const large = `${host}/bench/large:1`
  const { compressed, files } = await largeImage(registry.url, 'bench/large', '1')
  const cases: ReadonlyArray<Case> = [
    {
      name: 'shiplog pull',
      run: async () => {
        const before = performance.now()
        await shiplog.command('pull-image', { reference: large })
        const took = performance.now() - before
        await shiplog.command('remove-image', { image: large })
        return took
      },
    },
    ...(containerd === null
      ? []
      : [
          {
            name: 'ctr image pull',
            run: async () => {
              const before = performance.now()
              await containerd.ctr('image', 'pull', '--plain-http', large)
              const took = performance.now() - before
              await containerd.ctr('image', 'rm', '--sync', large)
              return took
            },
          },
        ]),
  ]
  const title = `pull + unpack, ${Math.round(compressed / 1e6)} MB compressed, ${files} files`
  results.push(table(title, await interleaved(cases, { rounds: 4 }), 'ctr image pull'))
}

if (chosen.has('idle')) {
  await new Promise(resolve => setTimeout(resolve, 15_000))
  results.push(`### Idle daemon\n\n${(shiplog.resident() / 1e6).toFixed(0)} MB resident after the above.\n`)
  const node = process.execPath
  const timings = await interleaved(
    [
      { name: 'node -e 0', run: async () => void spawnSync(node, ['-e', '0']) },
      { name: 'shiplog version', run: () => shiplog.shiplog('version') },
    ],
    { rounds },
  )
  results.push(table('Start of the command line', timings, 'node -e 0'))
}

const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}`
const text = `Measured on ${machine}; a fresh loop-mounted ext4; interleaved.\n\n${results.join('\n')}`
mkdirSync('bench/out', { recursive: true })
writeFileSync(values.out, text)
console.log(text)

/** The very bundle that shiplog made, for runc alone. */
async function makeBundle(bundle: string) {
  const { id } = await shiplog
    .command<{ subject: { id: string } }>('create-container', { ...run, autoRemove: false, name: 'bundle' })
    .then(({ subject }) => subject)
  execFileSync('cp', ['-a', join('/run/shiplog-bench/containers', id), bundle])
  const config = join(bundle, 'config.json')
  const spec = JSON.parse(execFileSync('cat', [config], { encoding: 'utf8' })) as Record<
    string,
    Record<string, unknown>
  >
  if (spec['linux'] !== undefined) spec['linux']['cgroupsPath'] = '/shiplog-bench-bare'
  writeFileSync(config, JSON.stringify(spec))
  return {
    [Symbol.asyncDispose]: async () => void (await shiplog.command('remove-container', { container: id })),
  }
}
