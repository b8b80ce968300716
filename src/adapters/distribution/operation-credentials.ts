import type { Credential, Credentials } from './registry-auth.ts'

/** A pull that is forgotten about holds its password no longer than this. */
const KEPT_MS = 60 * 60 * 1000

/**
 * Credentials that came with an operation, in memory only, shown to the registry that they were brought for and to no
 * other; for operations that brought none, what the daemon's own docker configuration says.
 */
export const operationCredentials = (otherwise: Credentials) => {
  const brought = new Map<string, Readonly<{ host: string; credential: Credential }>>()

  const credentials: Credentials = async (host, operation) => {
    const own = brought.get(operation)
    if (own === undefined) return otherwise(host, operation)
    return own.host === host ? own.credential : null
  }

  return {
    credentials,
    keep: (operation: string, host: string, credential: Credential): void => {
      brought.set(operation, { host, credential })
      setTimeout(() => brought.delete(operation), KEPT_MS).unref()
    },
  }
}
