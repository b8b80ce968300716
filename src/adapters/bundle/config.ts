import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { unavailableCapabilities } from '../../domain/bundle/capabilities.ts'
import {
  checkedEnvironment,
  imageEnvironment,
  keptEnvironment,
  mergedEnvironment,
} from '../../domain/bundle/environment.ts'
import { hostnameFile, hostsFile } from '../../domain/bundle/etc-files.ts'
import type { HostFacts } from '../../domain/bundle/host-facts.ts'
import type { EtcFiles } from '../../domain/bundle/mounts.ts'
import type { OciConfig } from '../../domain/bundle/oci-config.ts'
import { checkedOptions } from '../../domain/bundle/options.ts'
import type { BundleStore } from '../../domain/bundle/port.ts'
import { runtimeSpec } from '../../domain/bundle/runtime-spec.ts'
import { chosenProfile } from '../../domain/bundle/seccomp.ts'
import type { SeccompProfile } from '../../domain/bundle/seccomp.ts'
import { stopSignal } from '../../domain/bundle/stop-signal.ts'
import { workingDirectory } from '../../domain/bundle/working-directory.ts'
import type { ContainerOptions } from '../../domain/kernel/container-options.ts'
import type { EffectFailure } from '../../domain/kernel/problem.ts'
import { NO_INIT } from './init-binary.ts'
import { findUser } from './passwd.ts'
import { invalid, refused } from './refused.ts'
import { layOut } from './rootfs-layout.ts'

/** The machine that a bundle is made for. */
export type Surroundings = Readonly<{
  host: HostFacts
  profile: SeccompProfile
  findInit: () => string | null
}>

type Work = Parameters<BundleStore['prepare']>[0] & Readonly<{ kept: string; rootfs: string; salt: string }>

/**
 * Finds out what only the image and this machine can tell, makes in the mounted rootfs what has to be there, writes the
 * container's /etc files into `kept`, and puts it all into a config.json.
 */
export const configOf = (
  { container, defaults, options: asked, kept, rootfs, salt }: Work,
  { host, profile, findInit }: Surroundings,
): E.Either<EffectFailure, OciConfig> => {
  const options = checkedOptions(asked)
  if (E.isLeft(options)) return invalid('bad-option', options.left)
  const { capAdd, network } = options.right
  const missing = unavailableCapabilities(capAdd, host.capabilities)
  if (missing.length > 0)
    return refused('capability-unavailable', `${missing.join(', ')}: not to be had on this machine`)
  const init = options.right.init ? findInit() : null
  if (options.right.init && init === null) return refused('init-missing', NO_INIT)
  const seccomp = chosenProfile(options.right.seccomp, profile)
  if (E.isLeft(seccomp)) return invalid('bad-seccomp-profile', seccomp.left)
  const workingDir = workingDirectory(options.right.workingDir, defaults.workingDir)
  if (E.isLeft(workingDir)) return invalid('bad-working-dir', workingDir.left)

  const hostname = options.right.hostname ?? (network === 'host' ? host.hostname : container.slice(0, 12))
  const environment = environmentOf(kept, defaults.env, options.right, hostname)
  if (E.isLeft(environment)) return environment

  const laidOut = layOut(rootfs, {
    ...options.right,
    workingDir: workingDir.right,
    volumes: defaults.volumes,
  })
  if (E.isLeft(laidOut)) return laidOut
  const user = findUser(rootfs, options.right.user ?? defaults.user)
  if (E.isLeft(user)) return user

  return E.right(
    runtimeSpec({
      container,
      options: { ...options.right, ...laidOut.right },
      hostname,
      environment: environment.right,
      workingDir: workingDir.right,
      user: user.right,
      stopSignal: stopSignal(options.right.stopSignal, defaults.stopSignal),
      etc: writeEtcFiles(kept, hostname, network),
      init,
      seccomp: seccomp.right,
      host,
      salt,
    }),
  )
}

const environmentOf = (
  kept: string,
  ofImage: ReadonlyArray<string>,
  { environment, terminal }: ContainerOptions,
  hostname: string,
): E.Either<EffectFailure, ReadonlyArray<string>> => {
  const image = imageEnvironment(ofImage)
  if (E.isLeft(image)) return invalid('bad-environment', image.left)
  const values = keptEnvironment(environment, readEnvironment(kept))
  if (E.isLeft(values))
    return refused(
      'environment-lost',
      `the values of ${values.left.join(', ')} are not in ${join(kept, 'env')}`,
    )
  const merged = checkedEnvironment(
    mergedEnvironment(image.right, values.right, { hostname, terminal }),
    'the environment',
  )
  return E.isLeft(merged) ? invalid('bad-environment', merged.left) : merged
}

const readEnvironment = (kept: string): ReadonlyArray<string> => {
  try {
    const entries: unknown = JSON.parse(readFileSync(join(kept, 'env'), 'utf8'))
    return t.readonlyArray(t.string).is(entries) ? entries : []
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** On the host's network a container finds names as the host does; with loopback alone there is nobody to ask. */
const writeEtcFiles = (kept: string, hostname: string, network: ContainerOptions['network']): EtcFiles => {
  const paths = {
    hosts: join(kept, 'hosts'),
    hostname: join(kept, 'hostname'),
    resolvConf: join(kept, 'resolv.conf'),
  }
  const isHosts = network === 'host'
  writeForAll(paths.hosts, isHosts ? readOfHost('/etc/hosts') : hostsFile(hostname))
  writeForAll(paths.hostname, hostnameFile(hostname))
  writeForAll(paths.resolvConf, isHosts ? readOfHost('/etc/resolv.conf') : '')
  return paths
}

/** Every user of the container reads these, whatever the daemon's umask is. */
const writeForAll = (path: string, data: string | Buffer) => {
  writeFileSync(path, data)
  chmodSync(path, 0o644)
}

const readOfHost = (path: string) => {
  try {
    return readFileSync(path)
  } catch {
    return ''
  }
}
