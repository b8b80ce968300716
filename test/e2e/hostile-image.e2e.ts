import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { startDaemon } from '../support/daemon.ts'
import type { Daemon } from '../support/daemon.ts'
import { startHostileRegistry } from '../support/hostile-registry.ts'
import type { HostileRegistry } from '../support/hostile-registry.ts'
import { busyboxImage, directory, file, packImage, symlink } from '../support/image.ts'
import type { LayerTree } from '../support/image.ts'

// Images that were pulled without complaint, and mean no good when a container is made of them.

describe('a container of a hostile image', () => {
  let registry: HostileRegistry
  let daemon: Daemon
  before(async () => {
    registry = await startHostileRegistry()
    daemon = await startDaemon()
  })
  after(async () => {
    await daemon[Symbol.asyncDispose]()
    await registry[Symbol.asyncDispose]()
  })

  let images = 0
  const imageWith = async (config: Record<string, unknown>, ...layers: ReadonlyArray<LayerTree>) => {
    const tag = `v${++images}`
    registry.addImage(await packImage(await busyboxImage({ config, layers })), tag)
    return `${registry.host}/app:${tag}`
  }

  /** It is refused by name, in no time, and nothing of the container is left but its history. */
  const refused = async (name: string, problem: string, args: ReadonlyArray<string> = []) => {
    assert.equal((await daemon.shiplog(['pull', name])).code, 0)
    const began = performance.now()
    const said = await daemon.shiplog(['run', '--rm', '--network', 'none', ...args, name, 'true'])
    assert.equal(said.code, 125, `${said.stdout}${said.stderr}`)
    assert(performance.now() - began < 10_000)
    const told = await daemon.shiplog(['events', '--json'])
    const failures = told.stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { type: string; data?: { failure?: { problem: string } } })
      .filter(({ type }) => type === 'ContainerCreateFailed' || type === 'BundlePrepareFailed')
    assert.equal(failures.at(-1)?.data?.failure?.problem, problem, JSON.stringify(failures.at(-1)))
    const { body } = await daemon.ask('GET', '/v1/containers?all=true')
    assert.deepEqual((body as { items: unknown }).items, [])
    assert.deepEqual(readdirSync(`${daemon.state}/containers`), [])
  }

  for (const User of ['4294967296', '-1', '0x0', '1000:1000:1', '18446744073709551616'])
    it(`M3 whose user is ${User}, and whose accounts make that root`, async () => {
      const accounts = file('etc/passwd', `${User.split(':')[0]}:x:0:0::/:/bin/sh\n`)
      await refused(await imageWith({ User }, [accounts]), 'bad-user')
    })

  const noFiles: ReadonlyArray<readonly [string, (name: string) => LayerTree]> = [
    ['a FIFO', name => [{ name, type: 'fifo', mode: 0o644 }]],
    ['a link to /dev/zero', name => [symlink(name, '/dev/zero')]],
    ['a link to /proc/self/mem', name => [symlink(name, '../proc/self/mem')]],
    ['a directory', name => [directory(`${name}/`)]],
    ['without end', name => [file(name, Buffer.alloc(9 * 2 ** 20, 'x'))]],
  ]
  for (const [what, tree] of noFiles)
    for (const name of ['etc/passwd', 'etc/group'])
      it(`M4 whose ${name} is ${what}`, async () => {
        await refused(await imageWith({}, tree(name)), 'unsafe-path')
      })

  it('M6 whose working directory is a link to an open file of the runtime', async () => {
    await refused(
      await imageWith({ WorkingDir: '/work' }, [symlink('work', '/proc/self/fd/7')]),
      'bad-working-dir',
    )
  })

  it('M7 whose HOME has a line of /etc/passwd in it has that nowhere but in its environment', async () => {
    const name = await imageWith({ Env: ['PATH=/bin', 'HOME=/root\neve::0:0::/:/bin/sh'] })
    const said = await daemon.shiplog([
      'run',
      '--rm',
      '--network',
      'none',
      name,
      'sh',
      '-c',
      'cat /etc/passwd; id eve',
    ])
    assert.notEqual(said.code, 0)
    assert.doesNotMatch(said.stdout, /eve/)
  })

  it('M8 whose volumes lead out of it has them inside', async () => {
    const inside = `shiplog-volume-${process.pid}`
    const Volumes = { [`/../../${inside}`]: {}, [`/up/${inside}`]: {} }
    const name = await imageWith({ Volumes }, [symlink('up', '../../../../..')])
    const said = await daemon.shiplog(['run', '--rm', '--network', 'none', name, 'ls', '/'])
    assert.equal(said.code, 0, said.stderr)
    assert.match(said.stdout, new RegExp(`^${inside}$`, 'm'))
    assert(!existsSync(`/${inside}`))
  })

  for (const to of ['/proc/self', '/dev', '/sys'])
    it(`M8 whose volume is a link into ${to}`, async () => {
      await refused(await imageWith({ Volumes: { '/data/x': {} } }, [symlink('data', to)]), 'unsafe-path')
    })
})
