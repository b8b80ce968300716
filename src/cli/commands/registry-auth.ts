import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Failure } from '../failure.ts'
import type { Io } from '../io.ts'

/**
 * What the user has logged in with at the registry of a reference, as the `Registry-Auth` header has it; null where
 * that is nothing. It is the user who logged in, not the daemon: so it is read on this side.
 */
export const registryAuth = async (reference: string, env: Io['env']): Promise<string | null> => {
  const path = join(env['DOCKER_CONFIG'] ?? join(env['HOME'] ?? homedir(), '.docker'), 'config.json')
  if (!mayHaveCredentials(path)) return null

  const { parseReference } = await import('../../domain/distribution/reference.ts')
  const parsed = parseReference(reference)
  // What is wrong with a reference is for the daemon to say.
  if (parsed._tag === 'Left') return null

  const { dockerCredentials } = await import('../../adapters/distribution/docker-credentials.ts')
  const credential = await dockerCredentials(path)(parsed.right.domain, '').catch((error: unknown) => {
    throw new Failure(causeOf(error), 'docker login, or remove the entry from that file')
  })
  return credential === null ? null : Buffer.from(JSON.stringify(headerOf(credential))).toString('base64url')
}

type Credential =
  | Readonly<{ kind: 'password'; username: string; password: string }>
  | Readonly<{ kind: 'identity-token' | 'registry-token'; token: string }>

const headerOf = (credential: Credential): object => {
  switch (credential.kind) {
    case 'password':
      return { username: credential.username, password: credential.password }
    case 'identity-token':
      return { identitytoken: credential.token }
    case 'registry-token':
      return { registrytoken: credential.token }
  }
}

/** Most people have logged in nowhere; who reads such files is loaded for the others only. */
const mayHaveCredentials = (path: string): boolean => {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
  return /"(?:auths|credsStore|credHelpers)"\s*:\s*(?!\{\s*\}|"")/.test(text)
}

/** Those who read credentials fail with a sentence; it quotes nothing of them. */
const causeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'cause' in error && typeof error.cause === 'string'
    ? error.cause
    : 'the credentials for that registry cannot be read'
