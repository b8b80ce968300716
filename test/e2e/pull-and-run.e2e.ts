import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startDaemon } from '../support/daemon.ts'
import type { Daemon } from '../support/daemon.ts'
import { busyboxAt } from '../support/busybox.ts'

describe('from a registry to an exit code', () => {
  let busybox: Awaited<ReturnType<typeof busyboxAt>>
  let daemon: Daemon
  const run = (...args: ReadonlyArray<string>) => daemon.shiplog(['run', '--network', 'none', ...args])

  before(async () => {
    busybox = await busyboxAt()
    daemon = await startDaemon()
  })
  after(async () => {
    await daemon[Symbol.asyncDispose]()
    await busybox[Symbol.asyncDispose]()
  })

  it('pulls an image that is missing, runs it and gives its output apart', async () => {
    const said = await run('--rm', busybox.name, 'sh', '-c', 'echo out; echo err >&2; exit 3')
    assert.equal(said.code, 3, said.stderr)
    assert.equal(said.stdout, 'out\n')
    assert.match(said.stderr, /err\n$/)
  })

  it('lists the image, and what it is', async () => {
    const { stdout } = await daemon.shiplog(['images', '--json'])
    const image = JSON.parse(stdout) as { name: string; layers: ReadonlyArray<unknown> }
    assert.equal(image.name, busybox.name)
    const inspected = await daemon.shiplog(['image', 'inspect', busybox.name])
    assert.equal(inspected.code, 0, inspected.stderr)
  })

  it('gives a container its standard input, to the end', async () => {
    const input = Buffer.alloc(2_000_000, 'shiplog ')
    const said = await daemon.shiplog(
      ['run', '--rm', '-i', '--network', 'none', busybox.name, 'md5sum'],
      input,
    )
    assert.equal(said.code, 0, said.stderr)
    const { createHash } = await import('node:crypto')
    assert.equal(said.stdout, `${createHash('md5').update(input).digest('hex')}  -\n`)
  })

  it('keeps to the limits it was given', async () => {
    const said = await run(
      '--rm',
      '--memory',
      '64m',
      '--pids-limit',
      '32',
      '--ulimit',
      'nofile=123:456',
      '-u',
      '1000:1000',
      '-w',
      '/tmp',
      '-e',
      'COLOUR=blue',
      '--hostname',
      'box',
      '--read-only',
      '--cap-drop',
      'ALL',
      busybox.name,
      'sh',
      '-c',
      'id -u; pwd; echo $COLOUR; hostname; ulimit -n; touch /x 2>/dev/null || echo readonly; grep CapEff /proc/self/status',
    )
    assert.equal(said.code, 0, said.stderr)
    const [uid, pwd, colour, hostname, nofile, readonly, caps] = said.stdout.split('\n')
    assert.deepEqual(
      [uid, pwd, colour, hostname, nofile, readonly, caps?.split('\t')[1]],
      ['1000', '/tmp', 'blue', 'box', '123', 'readonly', '0000000000000000'],
    )
  })

  it('says why by the recorded fact: not found is 127, not executable 126', async () => {
    assert.equal((await run('--rm', busybox.name, '/nope')).code, 127)
    assert.equal((await run('--rm', busybox.name, '/etc/passwd')).code, 126)
  })

  it('kills something and says why it died', async () => {
    await run('-d', '--name', 'victim', busybox.name, 'sleep', '1000')
    assert.equal((await daemon.shiplog(['kill', 'victim'])).code, 0)
    assert.equal((await daemon.shiplog(['wait', 'victim'])).stdout.trim(), '137')
    const why = await daemon.shiplog(['why', 'victim'])
    assert.equal(why.code, 0, why.stderr)
    assert.match(why.stdout.split('\n')[0] ?? '', /137.*SIGKILL/)
  })

  it('executes a process in a running container', async () => {
    await run('-d', '--name', 'host', busybox.name, 'sleep', '1000')
    const said = await daemon.shiplog([
      'exec',
      '-e',
      'A=1',
      'host',
      'sh',
      '-c',
      'echo $A; echo e >&2; exit 5',
    ])
    assert.deepEqual([said.code, said.stdout, said.stderr], [5, '1\n', 'e\n'])
    assert.equal((await daemon.shiplog(['exec', 'host', '/nope'])).code, 127)
    const piped = await daemon.shiplog(['exec', '-i', 'host', 'cat'], 'through the pipe')
    assert.equal(piped.stdout, 'through the pipe')
  })

  it('pauses, goes on, is renamed, restarted, stopped and removed', async () => {
    const steps: ReadonlyArray<ReadonlyArray<string>> = [
      ['pause', 'host'],
      ['unpause', 'host'],
      ['rename', 'host', 'guest'],
      ['restart', '-t', '1', 'guest'],
      ['stop', '-t', '1', 'guest'],
      ['rm', 'guest'],
    ]
    for (const step of steps) {
      const said = await daemon.shiplog(step)
      assert.equal(said.code, 0, `${step.join(' ')}: ${said.stderr}`)
    }
    const inspected = await daemon.shiplog(['inspect', 'guest'])
    assert.match(inspected.stdout, /"removed"/)
  })

  it('answers as of an earlier moment', async () => {
    const { body } = await daemon.ask('GET', '/v1/containers/victim')
    const { position } = body as { position: number }
    assert.equal((await daemon.shiplog(['rm', 'victim'])).code, 0)
    const then = await daemon.shiplog(['ps', '-a', '--at', `@${position}`, '--format', '{{.Names}}'])
    const now = await daemon.shiplog(['ps', '-a', '--format', '{{.Names}}'])
    assert.match(then.stdout, /^victim$/m)
    assert.doesNotMatch(now.stdout, /^victim$/m)
  })

  it('reads --env-file itself, though Node has one too', async () => {
    const said = await run('--rm', '--env-file', '/there/is/none', busybox.name, 'env')
    assert.notEqual(said.code, 0)
    assert.match(said.stderr, /^shiplog: .*\/there\/is\/none/m)
  })

  it('has the values of the environment nowhere in its history', async () => {
    await run('--rm', '-e', 'TOKEN=canary-7f3a', busybox.name, 'true')
    const events = await daemon.shiplog(['events', '--json'])
    assert.match(events.stdout, /TOKEN/)
    assert.doesNotMatch(events.stdout, /canary-7f3a/)
  })

  it('removes an image with what only it needed', async () => {
    const gone = await daemon.shiplog(['rmi', busybox.name])
    assert.equal(gone.code, 0, gone.stderr)
    const { body } = await daemon.ask('GET', '/v1/images')
    assert.deepEqual((body as { items: unknown }).items, [])
  })
})
