import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { asking, typed } from './support/asking.ts'
import { shiplog } from './support/command-line.ts'
import { containerId, operation } from './support/examples.ts'
import { ok, problem } from './support/fake-daemon.ts'
import type { Routes } from './support/fake-daemon.ts'

describe('commands on several containers', () => {
  const routes: Routes = {
    'POST /v1/commands/stop-container': ({ body }) =>
      (body as { container: string }).container === 'nope'
        ? problem(404, 'container-not-found', 'there is no container nope')
        : ok(operation()),
  }

  it('print those that worked in their order, and fail if one did not', async () => {
    const { exitCode, out, err, asked } = await asking(routes, {}, 'stop', '-t', '5', 'a', 'nope', 'b')
    assert.deepEqual(
      { exitCode, out, err },
      { exitCode: 125, out: 'a\nb\n', err: 'shiplog: there is no container nope\n' },
    )
    assert.deepEqual(
      asked.map(({ body }) => body),
      [
        { container: 'a', timeout: 5 },
        { container: 'nope', timeout: 5 },
        { container: 'b', timeout: 5 },
      ],
    )
    assert.equal(new Set(asked.map(({ headers }) => headers['idempotency-key'])).size, 3)
  })

  const bodies: ReadonlyArray<readonly [ReadonlyArray<string>, string, object]> = [
    [['kill', '-s', 'HUP', 'web'], 'kill-container', { container: 'web', signal: 'HUP' }],
    [['kill', 'web'], 'kill-container', { container: 'web' }],
    [['restart', '-t', '-1', 'web'], 'restart-container', { container: 'web', timeout: -1 }],
    [['pause', 'web'], 'pause-container', { container: 'web' }],
    [['unpause', 'web'], 'unpause-container', { container: 'web' }],
    [['rm', '-f', 'web'], 'remove-container', { container: 'web', force: true }],
    [['rename', 'web', 'old'], 'rename-container', { container: 'web', name: 'old' }],
    [['start', 'web'], 'start-container', { container: 'web' }],
    [['tag', 'a', 'b'], 'tag-image', { source: 'a', target: 'b' }],
    [['rmi', '-f', 'a'], 'remove-image', { image: 'a', force: true }],
    [
      ['exec', '-d', '-u', 'nobody', '-w', '/tmp', '-e', 'A=1', 'web', 'ls', '-l'],
      'exec-container',
      {
        container: 'web',
        args: ['ls', '-l'],
        env: ['A=1'],
        user: 'nobody',
        workingDir: '/tmp',
        terminal: false,
        stdin: false,
      },
    ],
  ]
  for (const [argv, command, body] of bodies)
    it(`shiplog ${argv.join(' ')} asks for ${command}`, async () => {
      const { exitCode, asked } = await asking(
        { [`POST /v1/commands/${command}`]: () => ok(operation()) },
        {},
        ...argv,
      )
      assert.equal(exitCode, 0)
      assert.deepEqual(asked[0]?.body, body)
    })
})

describe('create', () => {
  it('asks for everything that can be asked for', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'shiplog-cli-'))
    try {
      writeFileSync(join(cwd, 'env'), '\uFEFF# remark\n\n  B="2 "\nHERE\nNOWHERE\n')
      writeFileSync(join(cwd, 'seccomp.json'), '{"defaultAction":"SCMP_ACT_ALLOW"}')
      const { exitCode, out, asked } = await asking(
        { 'POST /v1/commands/create-container': () => ok(operation()) },
        { cwd, env: { HERE: 'yes' } },
        ...typed(
          `create --name web --rm --env-file env -e A=1 -e HERE -e NOWHERE -w /tmp -u 1:2 -v ./data:/data:ro
           --tmpfs /run:size=64m --entrypoint sh -h host -l a=b=c -l d --read-only -m 64m --cpus 1.5
           --pids-limit 100 --ulimit nofile=1024:2048 --cap-add net_admin --cap-drop ALL --init
           --security-opt no-new-privileges --security-opt seccomp=seccomp.json --network host
           --stop-signal INT -i alpine -c true`,
        ),
      )
      assert.deepEqual({ exitCode, out }, { exitCode: 0, out: `${containerId}\n` })
      assert.deepEqual(asked[0]?.body, {
        image: 'alpine',
        name: 'web',
        autoRemove: true,
        args: ['-c', 'true'],
        entrypoint: ['sh'],
        env: ['B="2 "', 'HERE=yes', 'A=1', 'HERE=yes'],
        workingDir: '/tmp',
        user: '1:2',
        hostname: 'host',
        stdin: true,
        readonly: true,
        labels: { a: 'b=c', d: '' },
        init: true,
        network: 'host',
        stopSignal: 'INT',
        noNewPrivileges: true,
        seccomp: { defaultAction: 'SCMP_ACT_ALLOW' },
        memory: 64 * 1024 * 1024,
        cpus: 1.5,
        pidsLimit: 100,
        ulimits: [{ name: 'nofile', soft: 1024, hard: 2048 }],
        binds: [{ source: join(cwd, 'data'), target: '/data', readonly: true }],
        tmpfs: [{ target: '/run', options: ['size=64m'] }],
        capAdd: ['CAP_NET_ADMIN'],
        capDrop: ['ALL'],
      })
    } finally {
      rmSync(cwd, { recursive: true })
    }
  })
})

describe('wait', () => {
  const routes: Routes = {
    'GET /v1/containers/a/wait': () => ok({ exitCode: 3, lost: null }),
    'GET /v1/containers/b/wait': () => ok({ exitCode: null, lost: 'monitor-died' }),
  }
  it('prints codes, and never one for an end that nobody saw', async () => {
    const { exitCode, out, err } = await asking(routes, {}, 'wait', 'a', 'b')
    assert.deepEqual({ exitCode, out }, { exitCode: 125, out: '3\n' })
    assert.match(err, /nobody saw the end of b: its monitor died\ntry: shiplog why b/)
  })
})

describe('version, info and config', () => {
  const version = {
    version: '0.1.0',
    node: 'v26.10.0',
    apiVersion: '1',
    log: 'sqlite',
    nodeName: 'n1',
    bootId: 'b',
    pid: 7,
  }
  const routes: Routes = {
    'GET /v1/version': () => ok(version),
    'GET /v1/info': () => ok({ containers: { running: 1 }, runtimes: ['runc'], logPosition: 20 }),
    'GET /v1/config': () => ok({ items: [{ name: 'root', value: '/var/lib/shiplog', source: 'default' }] }),
  }

  it('says both versions, which socket was used and why', async () => {
    const { exitCode, out } = await asking(routes, {}, 'version')
    assert.equal(exitCode, 0)
    assert.match(
      out,
      /^client {2}\d+\.\d+\.\d+ \(node v\d+.*\)\ndaemon {2}0\.1\.0 .*pid 7, on n1, log sqlite\nsocket {2}unix:.* \(SHIPLOG_HOST\)\n$/,
    )
    assert.equal((await asking(routes, {}, 'version', '--format', '{{.Server.Version}}')).out, '0.1.0\n')
  })

  it('still says the version of the client where there is no daemon', async () => {
    const { exitCode, out, err } = await shiplog({ host: 'unix:///no/such' }, 'version')
    assert.equal(exitCode, 125)
    assert.match(out, /^client {2}.*\nsocket {2}unix:\/\/\/no\/such \(SHIPLOG_HOST\)\n$/)
    assert.match(err, /the daemon does not run/)
  })

  it('are lists of names and values', async () => {
    assert.equal(
      (await asking(routes, {}, 'info')).out,
      'containers:\n  running: 1\nruntimes: runc\nlog position: 20\n',
    )
    assert.equal(
      (await asking(routes, {}, 'config')).out,
      'SETTING   VALUE              SOURCE\nroot      /var/lib/shiplog   default\n',
    )
    assert.deepEqual(JSON.parse((await asking(routes, {}, 'info', '--json')).out).logPosition, 20)
  })
})
