import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Credential, Credentials } from './registry-auth.ts'
import { failureOf, refused } from './registry-failure.ts'

const Auth = t.partial({
  auth: t.string,
  username: t.string,
  password: t.string,
  identitytoken: t.string,
  registrytoken: t.string,
})
type Auth = t.TypeOf<typeof Auth>

const DockerConfig = t.partial({
  auths: t.record(t.string, Auth),
  credHelpers: t.record(t.string, t.string),
  credsStore: t.string,
})

const HelperAnswer = t.type({ Username: t.string, Secret: t.string })

const HELPER_TIMEOUT_MS = 15_000

/** By this name docker keeps what belongs to `docker.io`. */
const DOCKER_HUB = 'https://index.docker.io/v1/'

/** Where docker keeps its configuration. */
export const dockerConfigPath = (env: Readonly<Record<string, string | undefined>> = process.env): string =>
  join(env['DOCKER_CONFIG'] ?? join(env['HOME'] ?? homedir(), '.docker'), 'config.json')

/**
 * The credentials that `docker login` left: in docker's config.json itself, or with the helper it names
 * (`docker-credential-<name>`, github.com/docker/docker-credential-helpers). The file is read anew each time, because
 * people log in and out. No file means no credentials.
 */
export const dockerCredentials =
  (path: string): Credentials =>
  async host => {
    const config = await readConfig(path)
    if (config === null) return null
    const names = namesOf(host)

    const helpers = new Map(Object.entries(config.credHelpers ?? {}))
    const helper = names.map(name => helpers.get(name)).find(found => found !== undefined)
    const store = helper ?? config.credsStore
    if (store !== undefined && store !== '') {
      for (const name of names) {
        const found = await askHelper(store, name)
        if (found !== null) return found
      }
      if (helper !== undefined) return null
    }
    const auths = Object.entries(config.auths ?? {})
    const auth = names
      .map(name => auths.find(([key]) => key === name) ?? auths.find(([key]) => hostOf(key) === name))
      .find(found => found !== undefined)
    return auth === undefined ? null : credentialOf(auth[1], path)
  }

/** Under what names a host's credentials may be, the likeliest first. */
const namesOf = (host: string): ReadonlyArray<string> =>
  host === 'docker.io'
    ? [DOCKER_HUB, 'docker.io', 'index.docker.io', 'registry-1.docker.io']
    : [host, `https://${host}`]

/** Old clients wrote whole URLs. */
const hostOf = (key: string): string => key.replace(/^https?:\/\//, '').split('/', 1)[0] ?? key

const readConfig = async (path: string): Promise<t.TypeOf<typeof DockerConfig> | null> => {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw failureOf(path, error)
  }
  const decoded = DockerConfig.decode(parsed(text))
  // The file holds secrets: what is wrong with it is not quoted.
  if (E.isLeft(decoded)) throw refused('registry-unauthorized', `${path}: is not a docker configuration`)
  return decoded.right
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null
  }
}

const credentialOf = (auth: Auth, path: string): Credential | null => {
  if (auth.identitytoken) return { kind: 'identity-token', token: auth.identitytoken }
  if (auth.registrytoken) return { kind: 'registry-token', token: auth.registrytoken }
  if (auth.username && auth.password !== undefined)
    return { kind: 'password', username: auth.username, password: auth.password }
  if (!auth.auth) return null
  const plain = Buffer.from(auth.auth, 'base64').toString('utf8').replaceAll(/\0+$/g, '')
  const colon = plain.indexOf(':')
  if (colon < 0)
    throw refused('registry-unauthorized', `${path}: an auth entry is not user:password in base64`)
  return { kind: 'password', username: plain.slice(0, colon), password: plain.slice(colon + 1) }
}

/** The helper gets the name on its standard input, never in its arguments. */
const askHelper = async (helper: string, name: string): Promise<Credential | null> => {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9._-]*$/.test(helper))
    throw refused('registry-unauthorized', `${JSON.stringify(helper)} is not the name of a credential helper`)
  const program = `docker-credential-${helper}`
  // A tenth of a second to load, and most people have no helper.
  const { execa } = await import('execa')
  const { exitCode, stdout, code } = await execa(program, ['get'], {
    input: name,
    reject: false,
    timeout: HELPER_TIMEOUT_MS,
    maxBuffer: 64 * 1024,
  })
  if (exitCode === undefined)
    throw refused('registry-unauthorized', `${program}: ${code ?? 'did not answer'}`)
  if (exitCode !== 0) {
    if (/credentials not found/i.test(stdout)) return null
    throw refused('registry-unauthorized', `${program}: exited with ${exitCode}`)
  }
  const answer = HelperAnswer.decode(parsed(stdout))
  if (E.isLeft(answer)) throw refused('registry-unauthorized', `${program}: gave no credentials`)
  const { Username, Secret } = answer.right
  return Username === '<token>'
    ? { kind: 'identity-token', token: Secret }
    : { kind: 'password', username: Username, password: Secret }
}
