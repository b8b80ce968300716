import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startDaemon } from '../support/daemon.ts'
import type { Daemon } from '../support/daemon.ts'
import { startHostileRegistry } from '../support/hostile-registry.ts'
import type { HostileRegistry } from '../support/hostile-registry.ts'
import { busyboxImage, packImage } from '../support/image.ts'

// Canaries: each secret is a word that is nowhere else, and is looked for everywhere.

const base64 = (text: string) => Buffer.from(text).toString('base64')

/** All the ways in which a secret may have been written down. */
const spellings = (secret: string): ReadonlyArray<string> => [
  secret,
  // The middle of a longer text in base64, whatever was before it.
  ...[0, 1, 2].map(before => base64(`${'x'.repeat(before)}${secret}`).slice(before === 0 ? 0 : 4, -4)),
  Buffer.from(secret).toString('hex'),
  encodeURIComponent(secret),
]

const secrets = {
  password: 'canary-password-8c1f',
  identityToken: 'canary-identity-2b7e',
  registryToken: 'canary-registry-9d04',
  helper: 'canary-helper-51aa',
  bearer: 'canary-bearer-e3c6',
  brought: 'canary-brought-77fd',
  signature: 'canary-signature-0a9b',
}

const values = {
  flag: 'canary-flag-4f1d',
  file: 'canary-file-b2e8',
  exec: 'canary-exec-c6a3',
  refused: 'canary-refused-1e5f',
}

const filesUnder = (root: string): ReadonlyArray<string> =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))

/** The files under the daemon's directories that have one of these words in them. */
const filesWith = (daemon: Daemon, words: Readonly<Record<string, string>>): ReadonlyArray<string> =>
  [daemon.root, daemon.state].flatMap(filesUnder).flatMap(path => {
    // Roots of containers belong to the containers.
    if (/\/rootfs\/|\/snapshots\//.test(path)) return []
    const text = readFileSync(path, 'latin1')
    return Object.values(words).flatMap(word =>
      spellings(word).some(spelling => text.includes(spelling)) ? [`${path}: ${word}`] : [],
    )
  })

const assertSilent = (where: string, text: string, words: Readonly<Record<string, string>>) => {
  for (const word of Object.values(words))
    for (const spelling of spellings(word)) assert(!text.includes(spelling), `${where}: ${word}`)
}

/** Everything that can be asked of the daemon. */
const pagesOf = async ({ ask }: Daemon): Promise<ReadonlyArray<readonly [string, string]>> => {
  const paths = [
    ...['/v1/containers?all=true', '/v1/images', '/v1/content', '/v1/snapshots', '/v1/bundles'],
    ...['/v1/events?limit=1000', '/v1/info', '/v1/version', '/v1/config'],
  ]
  const read = async (path: string) => {
    const { status, text } = await ask('GET', path)
    assert.equal(status, 200, `${path}: ${text}`)
    return [path, text] as const
  }
  const pages = await Promise.all(paths.map(read))
  const { items } = JSON.parse(pages[0]?.[1] ?? '') as { items: ReadonlyArray<{ id: string }> }
  const more = items.flatMap(({ id }) => ['', '/history', '/why'].map(of => `/v1/containers/${id}${of}`))
  return [...pages, ...(await Promise.all(more.map(read)))]
}

describe('what is recorded of environments', () => {
  for (const [policy, recorded, unrecorded] of [
    ['none', [], ['FROM_FLAG', values.flag, 'FROM_EXEC', values.exec]],
    ['names', ['FROM_FLAG', 'FROM_EXEC'], [values.flag, values.exec]],
    ['all', ['FROM_FLAG', values.flag, 'FROM_EXEC', values.exec], []],
  ] as const)
    it(`is ${policy}, and the container has its variables all the same, also when it is started again`, async () => {
      await using registry = await startHostileRegistry()
      registry.addImage(await packImage(await busyboxImage()), 'latest')
      await using daemon = await startDaemon({ args: ['--record-env', policy] })
      const name = `${registry.host}/app:latest`
      const args = ['-d', '--name', 'keeper', '--network', 'none', '-e', `FROM_FLAG=${values.flag}`]
      assert.equal((await daemon.shiplog(['run', ...args, name, 'sleep', '1000'])).code, 0)
      const flag = `echo -n "$FROM_FLAG" | md5sum`
      const exec = `echo -n "$FROM_EXEC" | md5sum`
      const md5 = (text: string) => `${createHash('md5').update(text).digest('hex')}  -\n`
      const said = () =>
        daemon.shiplog(['exec', '-e', `FROM_EXEC=${values.exec}`, 'keeper', 'sh', '-c', `${flag}; ${exec}`])
      assert.equal((await said()).stdout, md5(values.flag) + md5(values.exec))
      await daemon.stop()
      await daemon.start()
      assert.equal((await daemon.shiplog(['restart', '-t', '0', 'keeper'])).code, 0)
      assert.equal((await said()).stdout, md5(values.flag) + md5(values.exec))

      const { stdout } = await daemon.shiplog(['events', '--json'])
      // Its arguments name the variables too, and are recorded as what they are.
      const events = stdout.replaceAll(/"\$FROM_\w+/g, '').replaceAll(/\$FROM_\w+/g, '')
      for (const word of recorded) assert(events.includes(word), word)
      for (const word of unrecorded) assert(!events.includes(word), word)
    })
})

describe('secrets', () => {
  const programs = mkdtempSync(join(tmpdir(), 'shiplog-helper-'))
  const searched = process.env['PATH'] ?? ''
  let registry: HostileRegistry
  let daemon: Daemon
  /** What clients were told. */
  const answers: Array<string> = []

  const cli = async (...args: ReadonlyArray<string>) => {
    const said = await daemon.shiplog(args)
    answers.push(said.stdout, said.stderr)
    return said
  }
  const pull = async (headers: Record<string, string> = {}) => {
    const reply = await daemon.command('pull-image', { reference: `${registry.host}/app:latest` }, headers)
    answers.push(reply.text, JSON.stringify(reply.headers))
    return reply
  }
  const login = (config: unknown) => {
    const directory = join(daemon.env.HOME, '.docker')
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, 'config.json'), JSON.stringify(config))
  }
  const auths = (auth: unknown) => login({ auths: { [registry.host]: auth } })

  before(async () => {
    const helper = join(programs, 'docker-credential-canary')
    writeFileSync(helper, `#!/bin/sh\necho '{"Username":"bob","Secret":"${secrets.helper}"}'\n`)
    chmodSync(helper, 0o755)
    process.env['PATH'] = programs + delimiter + searched
    registry = await startHostileRegistry()
    registry.addImage(await packImage(await busyboxImage()), 'latest')
    daemon = await startDaemon()
  })
  after(async () => {
    await daemon[Symbol.asyncDispose]()
    await registry[Symbol.asyncDispose]()
    process.env['PATH'] = searched
    rmSync(programs, { recursive: true })
  })

  const wants = (authorization: RegExp, challenge = 'Basic realm="r"') => {
    registry.behave()
    registry.bend(/manifests|blobs/, asked =>
      asked.authorization !== null && authorization.test(asked.authorization)
        ? null
        : // What was shown is said again, where it may be repeated by accident.
          {
            status: 401,
            headers: { 'www-authenticate': challenge, 'x-you-said': asked.authorization },
            body: JSON.stringify({ errors: [{ code: 'DENIED', message: `not ${asked.authorization}` }] }),
          },
    )
    const { port } = new URL(registry.url)
    registry.bend(/^\/token/, { body: JSON.stringify({ token: secrets.bearer }) })
    return `http://127.0.0.1:${port}/token`
  }
  const basicOf = (user: string, password: string) => new RegExp(`^Basic ${base64(`${user}:${password}`)}$`)
  const nothing = /^there is nothing that it takes$/

  it('of registries are shown to registries, by every way they can come', async () => {
    auths({ auth: base64(`alice:${secrets.password}`) })
    wants(basicOf('alice', secrets.password))
    assert.equal((await pull()).status, 200)
    assert.equal((await cli('pull', `${registry.host}/app:latest`)).code, 0)

    login({ credHelpers: { [registry.host]: 'canary' } })
    wants(basicOf('bob', secrets.helper))
    assert.equal((await pull()).status, 200)
    assert.equal((await cli('pull', `${registry.host}/app:latest`)).code, 0)

    auths({ registrytoken: secrets.registryToken })
    wants(new RegExp(`^Bearer ${secrets.registryToken}$`))
    assert.equal((await pull()).status, 200)

    auths({ identitytoken: secrets.identityToken })
    const realm = wants(nothing)
    wants(new RegExp(`^Bearer ${secrets.bearer}$`), `Bearer realm="${realm}",service="s"`)
    assert.equal((await pull()).status, 200)
    assert.equal((await cli('pull', `${registry.host}/app:latest`)).code, 0)

    login({})
    wants(basicOf('carol', secrets.brought))
    const brought = { username: 'carol', password: secrets.brought }
    assert.equal((await pull({ 'registry-auth': base64(JSON.stringify(brought)) })).status, 200)
  })

  it('of registries are not in what is said when they are refused, or are none', async () => {
    const realm = wants(nothing)
    for (const challenge of [
      'Basic realm="r"',
      `Bearer realm="${realm}"`,
      `Bearer realm="http://evil.test/t"`,
    ])
      for (const config of [
        { auths: { [registry.host]: { auth: base64(`alice:${secrets.password}`) } } },
        { auths: { [registry.host]: { identitytoken: secrets.identityToken } } },
        { auths: { [registry.host]: { registrytoken: `${secrets.registryToken}\n` } } },
        { auths: { [registry.host]: { auth: base64(secrets.password) } } },
        { auths: { [registry.host]: { password: [secrets.password] } } },
        { credHelpers: { [registry.host]: 'canary' } },
      ]) {
        wants(nothing, challenge)
        login(config)
        assert.equal((await pull()).status >= 400, true)
        assert.notEqual((await cli('pull', `${registry.host}/app:latest`)).code, 0)
      }

    auths({ auth: base64(`alice:${secrets.password}`) })
    const refused = await cli('pull', `${registry.host}/app:latest`)
    assert.equal(refused.code, 125)
    assert.match(refused.stderr, new RegExp(`^try: check the name, then docker login ${registry.host} `, 'm'))

    login({})
    for (const wrong of [
      { username: 'carol', password: [secrets.brought] },
      { username: 7, password: secrets.brought },
      { identitytoken: { token: secrets.brought } },
      [secrets.brought],
      secrets.brought,
    ])
      assert.equal((await pull({ 'registry-auth': base64(JSON.stringify(wrong)) })).status, 400)
    assert.equal((await pull({ 'registry-auth': secrets.brought })).status, 400)
  })

  it('in the addresses that a registry sends us to stay between us and it', async () => {
    for (const location of [
      `http://127.0.0.1:1/blob?sig=${secrets.signature}`,
      `http://user:${secrets.signature}@127.0.0.1:1/blob`,
      `ftp://127.0.0.1/${secrets.signature}`,
      `http://169.254.169.254/${secrets.signature}`,
    ]) {
      registry.behave()
      registry.bend(/manifests/, { location })
      assert.equal((await pull()).status >= 400, true)
    }
    registry.behave()
  })

  it('in environments are in the container, in its bundle, and nowhere else', async () => {
    const name = `${registry.host}/app:latest`
    const file = join(programs, 'variables')
    writeFileSync(file, `FROM_FILE=${values.file}\n`)
    const args = ['run', '-d', '--network', 'none', '--name', 'keeper', '-e', `FROM_FLAG=${values.flag}`]
    const ran = await cli(...args, '--env-file', file, name, 'sleep', '1000')
    assert.equal(ran.code, 0, ran.stderr)
    // What a process prints is kept: it prints what can be recognised, and not the values themselves.
    const sums = await cli(
      'exec',
      'keeper',
      'sh',
      '-c',
      'for v in "$FROM_FLAG" "$FROM_FILE"; do echo -n "$v" | md5sum; done',
    )
    const md5 = (text: string) => `${createHash('md5').update(text).digest('hex')}  -\n`
    assert.equal(sums.stdout, md5(values.flag) + md5(values.file))
    const exec = await cli(
      'exec',
      '-e',
      `FROM_EXEC=${values.exec}`,
      'keeper',
      'sh',
      '-c',
      'test -n "$FROM_EXEC"',
    )
    assert.equal(exec.code, 0, exec.stderr)

    await cli('exec', '-e', `FROM_EXEC=${values.exec}`, 'keeper', '/nope')
    await cli('run', '--rm', '--network', 'none', '-e', `A=${values.refused}`, name, '/nope')
    await cli(
      'run',
      '--rm',
      '--network',
      'none',
      '-u',
      'nobody-here',
      '-e',
      `A=${values.refused}`,
      name,
      'true',
    )
    for (const env of [
      { A: values.refused },
      [`A=${values.refused}`, 7],
      [`=${values.refused}`],
      [`A=${values.refused}\0`],
      [[`A=${values.refused}`]],
    ])
      for (const body of [
        { name: 'create-container', body: { image: name, env } },
        { name: 'exec-container', body: { container: 'keeper', args: ['true'], env } },
      ]) {
        const reply = await daemon.command(body.name, body.body)
        answers.push(reply.text)
        assert.equal(reply.status, 400, `${body.name} ${reply.text}`)
      }

    // A body that is no JSON is often one with a value that was not escaped.
    for (const text of [values.refused, `{"env":["A=${values.refused}",}`, `{"env":["A=${values.refused}`]) {
      const reply = await daemon.command('create-container', text)
      answers.push(reply.text)
      assert.equal(reply.status, 400, reply.text)
    }

    const kept = filesWith(daemon, values)
    for (const found of kept) {
      const [path = ''] = found.split(': ')
      assert.match(path, /\/containers\/[0-9a-f]{64}\/(?:env|config\.json)$/)
      assert.equal(statSync(path).mode & 0o777, 0o600, path)
    }
    assert(kept.some(found => found.includes(values.flag)))
    assert.deepEqual(
      kept.filter(found => !found.includes(values.flag) && !found.includes(values.file)),
      [],
    )
  })

  it('are in nothing that is recorded, asked for, answered or printed', async () => {
    const all = { ...secrets, ...values }
    for (const [path, text] of await pagesOf(daemon)) assertSilent(path, text, all)
    for (const args of [
      ['events', '--json'],
      ['inspect', 'keeper'],
      ['why', 'keeper'],
      ['history', 'keeper'],
      ['ps', '-a', '--json'],
    ])
      await cli(...args)
    assert(
      answers.some(text => text.includes('FROM_FLAG')),
      'the names of variables are recorded',
    )
    answers.forEach(text => assertSilent(text.slice(0, 300), text, all))
    assertSilent('the daemon’s output', daemon.said(), all)
    assert.deepEqual(filesWith(daemon, secrets), [])
    // What is there is found: the log keeps the names, in plain words.
    assert(filesWith(daemon, { name: 'FROM_FLAG' }).some(found => found.includes('/log.db')))
  })

  it('do not survive the container, nor come back with the daemon', async () => {
    assert.equal((await cli('rm', '-f', 'keeper')).code, 0)
    await daemon.stop()
    const before = daemon.said()
    assertSilent('the daemon’s output', before, { ...secrets, ...values })
    assert.deepEqual(filesWith(daemon, { ...secrets, ...values }), [])
    await daemon.start()
    for (const [path, text] of await pagesOf(daemon)) assertSilent(path, text, { ...secrets, ...values })
  })
})
