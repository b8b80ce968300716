import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { parseChallenges } from '../../../src/adapters/distribution/challenge.ts'
import { registryAuth } from '../../../src/adapters/distribution/registry-auth.ts'
import type { Credential } from '../../../src/adapters/distribution/registry-auth.ts'
import type { Ask, Http, Response } from '../../../src/adapters/distribution/registry-http.ts'
import { imageOf, packImage } from '../../support/image.ts'
import { startRegistry } from '../../support/registry.ts'
import { client, resolve } from './asking.ts'

const image = await packImage(await imageOf({ layers: [[{ name: 'a', content: 'a' }]] }))

const alice: Credential = { kind: 'password', username: 'alice', password: 'it’s a secret' }
const basicOf = (user: string) => `Basic ${Buffer.from(user).toString('base64')}`

const place = {
  origin: 'https://registry.example.com',
  host: 'registry.example.com',
  path: 'team/app',
  mirror: null,
}
const signal = new AbortController().signal
const asking = { place, credentialsKey: 'one', signal }

/** HTTP that answers everything with a token, and remembers what it was asked. */
const scripted = (answer: unknown = { token: 'abc' }, status = 200) => {
  const asked: Array<Ask> = []
  const http: Http = {
    ask: async ask => {
      asked.push(ask)
      const body = Object.assign(Readable.from([Buffer.from(JSON.stringify(answer))]), {
        dump: () => Promise.resolve(),
      })
      return { statusCode: status, headers: {}, body } as unknown as Response
    },
    close: () => Promise.resolve(),
  }
  return { http, asked }
}

const challenged = (challenge: string) =>
  ({ headers: { 'www-authenticate': challenge } }) as unknown as Response
const bearer = (realm: string, rest = ',service="registry",scope="repository:other/app:pull,push"') =>
  challenged(`Bearer realm="${realm}"${rest}`)

const answering = async (
  challenge: Response,
  credential: Credential | null,
  script = scripted(),
  at = place,
) => {
  const auth = registryAuth(script.http, () => Promise.resolve(credential))
  const authorization = await auth.answer(challenge, { ...asking, place: at })
  return { authorization, asked: script.asked, auth }
}

const unauthorized = { reason: 'refused', problem: 'registry-unauthorized' }

describe('a challenge', () => {
  it('is read with its parameters, quoted or not, one or several of them', () => {
    const read = parseChallenges(
      'Bearer realm="https://a/t?x=1,2",service=r, Scope="a \\"b\\"", Basic realm="c"',
    )
    assert.deepEqual(
      read.map(({ scheme, params }) => [scheme, { ...params }]),
      [
        ['bearer', { realm: 'https://a/t?x=1,2', service: 'r', scope: 'a "b"' }],
        ['basic', { realm: 'c' }],
      ],
    )
    assert.deepEqual(
      parseChallenges(['Basic', 'Negotiate abc==']).map(({ scheme }) => scheme),
      ['basic', 'negotiate'],
    )
  })
  it('that is malformed or endless takes no time', () => {
    const began = Date.now()
    parseChallenges('a'.repeat(8000))
    parseChallenges('a="'.repeat(2000))
    parseChallenges(`Bearer ${'x=1 , '.repeat(1000)}`)
    assert(Date.now() - began < 200)
    assert.deepEqual(parseChallenges(undefined), [])
  })
  it('R11: with a line break in it is refused', () => {
    for (const text of ['Bearer realm="https://a/\r\nx: y"', 'Basic realm="a\nb"', 'Bearer realm="a\0"'])
      assert.throws(() => parseChallenges(text), { problem: 'registry-protocol' })
  })
})

describe('a registry that wants a token', () => {
  it('gets the one that its neighbour gives for our repository, whatever scope it names itself', async () => {
    const { authorization, asked } = await answering(bearer('https://auth.example.com/token?a=b'), alice)
    assert.equal(authorization, 'Bearer abc')
    const [{ url, headers } = assert.fail()] = asked
    assert.equal(
      url.href,
      'https://auth.example.com/token?a=b&service=registry&scope=repository%3Ateam%2Fapp%3Apull',
    )
    assert.equal(headers['authorization'], basicOf('alice:it’s a secret'))
  })

  it('gets one for nobody where we are nobody there', async () => {
    const { authorization, asked } = await answering(bearer('https://auth.example.com/token'), null)
    assert.deepEqual([authorization, asked[0]?.headers], ['Bearer abc', {}])
  })

  it('R11: is not given a password through a realm on a foreign host', async () => {
    for (const realm of [
      'https://evil.test/token',
      'https://example.com.evil.test/t',
      'https://10.0.0.1/t',
    ]) {
      const { asked } = await answering(bearer(realm), alice)
      assert.deepEqual(asked[0]?.headers, {})
    }
    const token: Credential = { kind: 'identity-token', token: 'refresh' }
    const { asked } = await answering(bearer('https://evil.test/token'), token)
    assert.equal(asked[0]?.body, undefined)
  })

  it('R11: is refused when its realm is not encrypted, not HTTP, or not a URL', async () => {
    for (const realm of [
      'http://auth.example.com/token',
      'http://registry.example.com/token',
      'http://127.0.0.1/token',
      'file:///etc/passwd',
      'gopher://registry.example.com/',
      '/token',
      '',
      'https://user:pass@registry.example.com/token',
    ])
      await assert.rejects(answering(bearer(realm), alice), unauthorized, realm)
  })

  it('R11: may have a plain realm on its own host where it is plain itself, and on no other', async () => {
    const plain = { ...place, origin: 'http://registry.example.com' }
    const { asked } = await answering(bearer('http://registry.example.com:81/t'), alice, scripted(), plain)
    assert.equal(asked[0]?.headers['authorization'], basicOf('alice:it’s a secret'))
    await assert.rejects(
      answering(bearer('http://auth.example.com/t'), alice, scripted(), plain),
      unauthorized,
    )
  })

  it('gets an identity token exchanged, and a registry token as it is', async () => {
    const { asked } = await answering(bearer('https://registry.example.com/t'), {
      kind: 'identity-token',
      token: 'r',
    })
    assert.match(
      asked[0]?.body ?? '',
      /^grant_type=refresh_token&refresh_token=r&client_id=shiplog&scope=repository/,
    )
    const own = await answering(bearer('https://registry.example.com/t'), {
      kind: 'registry-token',
      token: 'own',
    })
    assert.deepEqual([own.authorization, own.asked], ['Bearer own', []])
  })

  it('gets no token that is not for headers, that is none, or that its server refuses', async () => {
    for (const answer of [{ token: 'a\r\nx: y' }, { token: 'a b' }])
      await assert.rejects(answering(bearer('https://registry.example.com/t'), null, scripted(answer)), {
        problem: 'registry-protocol',
      })
    for (const answer of [{}, { token: '' }, { token: 7 }, null, []])
      await assert.rejects(
        answering(bearer('https://registry.example.com/t'), null, scripted(answer)),
        unauthorized,
      )
    await assert.rejects(
      answering(bearer('https://registry.example.com/t'), null, scripted({}, 401)),
      unauthorized,
    )
    await assert.rejects(answering(bearer('https://registry.example.com/t'), null, scripted({}, 503)), {
      reason: 'unavailable',
    })
  })

  it('is shown a token for as long as it is good, in its repository and operation only', async () => {
    let now = 0
    const { http } = scripted({ access_token: 'abc', expires_in: 300 })
    const auth = registryAuth(
      http,
      () => Promise.resolve(alice),
      () => now,
    )
    await auth.answer(bearer('https://registry.example.com/t'), asking)
    assert.equal(auth.known(asking), 'Bearer abc')
    assert.equal(auth.known({ ...asking, credentialsKey: 'two' }), null)
    assert.equal(auth.known({ ...asking, place: { ...place, path: 'team/other' } }), null)
    now = 289_000
    assert.equal(auth.known(asking), 'Bearer abc')
    now = 291_000
    assert.equal(auth.known(asking), null)
  })

  it('does not keep us from public images when our credentials cannot be had', async () => {
    const { http, asked } = scripted()
    const broken = () => Promise.reject(new Error('the helper is not there'))
    const auth = registryAuth(http, broken)
    assert.equal(await auth.answer(bearer('https://registry.example.com/t'), asking), 'Bearer abc')
    assert.deepEqual(asked[0]?.headers, {})
    await assert.rejects(auth.answer(challenged('Basic realm="r"'), asking), {
      cause: /the helper is not there/,
    })
  })
})

describe('a registry that wants a password', () => {
  const wants = (authorization: string) => async () => {
    const registry = await startRegistry()
    registry.addImage(image, 'latest')
    registry.misbehave((request, response) => {
      if (request.url === '/v2/' || request.headers.authorization === authorization) return false
      response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end()
      return true
    })
    return registry
  }

  it('is asked without one first, then with the one for its host and the operation', async () => {
    await using registry = await wants(basicOf('alice:it’s a secret'))()
    const asked: Array<readonly [string, string]> = []
    await using asking = client({
      credentials: (host, key) => {
        asked.push([host, key])
        return Promise.resolve(alice)
      },
    })
    const { manifest } = await resolve(asking, `${registry.host}/app:latest`)
    assert.equal(manifest.digest, image.manifest.digest)
    assert.deepEqual(asked, [[registry.host, 'operation-1']])
    // The probe, the refusal, and then no refusal any more.
    assert.deepEqual(
      registry.seen.map(({ headers }) => headers.authorization !== undefined),
      [false, false, true, true],
    )
  })

  it('that does not like it is not asked a third time', async () => {
    await using registry = await wants('something else')()
    await using asking = client({ credentials: () => Promise.resolve(alice) })
    await assert.rejects(resolve(asking, `${registry.host}/app:latest`), unauthorized)
    assert.equal(registry.seen.length, 3)
  })

  it('is told nothing where there are no credentials for it', async () => {
    await using registry = await wants('something else')()
    await using asking = client()
    await assert.rejects(resolve(asking, `${registry.host}/app:latest`), {
      ...unauthorized,
      cause: /no credentials for it/,
    })
  })
})
