import { accessSync, constants } from 'node:fs'

/**
 * Small inits that reap zombies and forward signals, statically linked ones first: those run in every image. Debian's
 * /usr/bin/tini needs the image to have glibc.
 */
const candidates = [
  '/usr/bin/tini-static',
  '/usr/bin/catatonit',
  '/usr/libexec/podman/catatonit',
  '/usr/bin/docker-init',
  '/usr/sbin/docker-init',
  '/usr/libexec/docker/docker-init',
  '/usr/bin/tini',
]

export const NO_INIT = `--init needs a small init on the host, and there is none (${candidates.join(', ')}): install Debian's package tini or catatonit`

/** The init to mount into a container, or null where none is installed. */
export const findInit = (among: ReadonlyArray<string> = candidates): string | null =>
  among.find(isExecutable) ?? null

const isExecutable = (path: string) => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
