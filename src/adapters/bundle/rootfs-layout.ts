import { lstatSync, statSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { cleanPath, isWithin } from '../../domain/bundle/absolute-path.ts'
import { isOnKernelMount } from '../../domain/bundle/mounts.ts'
import type { Bind, ContainerOptions } from '../../domain/kernel/container-options.ts'
import type { EffectFailure } from '../../domain/kernel/problem.ts'
import { readAccounts } from './passwd.ts'
import { refused } from './refused.ts'
import { makeDirectory, makeMountpointFile, resolveInRoot, resolveOnRootfs } from './rootfs-path.ts'

type Layout = Pick<ContainerOptions, 'binds' | 'tmpfs'>
type Asked = Layout & Readonly<{ workingDir: string; volumes: ReadonlyArray<string> }>

/**
 * Makes in a mounted rootfs what has to be there before the container starts: its working directory, the image's
 * volumes, and something to mount on where mounts are asked for. Answers with the mounts at their targets without
 * links, so that what the runtime mounts on is what was looked at here.
 */
export const layOut = (
  rootfs: string,
  { binds, tmpfs, workingDir, volumes }: Asked,
): E.Either<EffectFailure, Layout> => {
  const targets = [...binds, ...tmpfs].map(({ target }) => target)
  const isCovered = (path: string) =>
    isOnKernelMount(path) || targets.some(target => target !== path && isWithin(target, path))

  const checked = checkRootfs(rootfs, workingDir)
  if (E.isLeft(checked)) return checked

  const madeBinds: Array<Bind> = []
  for (const bind of binds) {
    const target = makeBindTarget(rootfs, bind, isCovered)
    if (E.isLeft(target)) return target
    madeBinds.push({ ...bind, target: target.right })
  }
  const madeTmpfs: Array<Layout['tmpfs'][number]> = []
  for (const one of tmpfs) {
    const target = isCovered(one.target) ? E.right(one.target) : makeDirectory(rootfs, one.target)
    if (E.isLeft(target)) return target
    madeTmpfs.push({ ...one, target: target.right })
  }
  for (const directory of [...volumes.map(volume => cleanPath(`/${volume}`)), workingDir]) {
    if (isCovered(directory) || targets.includes(directory)) continue
    const made = makeDirectory(rootfs, directory)
    if (E.isLeft(made)) return made
  }
  return E.right({ binds: madeBinds, tmpfs: madeTmpfs })
}

const makeBindTarget = (
  rootfs: string,
  { source, target }: Bind,
  isCovered: (path: string) => boolean,
): E.Either<EffectFailure, string> => {
  const stats = statSync(source, { throwIfNoEntry: false })
  if (stats === undefined)
    return refused('bind-source-missing', `${source} is not there, and cannot be bound`)
  if (isCovered(target)) return E.right(target)
  return stats.isDirectory() ? makeDirectory(rootfs, target) : makeMountpointFile(rootfs, target)
}

/**
 * What must hold of a rootfs each time before it is run, as the container may have changed it since: nothing in it
 * makes the runtime wait, or leads it into the kernel's file systems.
 *
 * The runtime mounts on /proc, /dev and /sys, and then masks paths below them: a link there would lead it elsewhere
 * (CVE-2025-31133, CVE-2025-52881).
 */
export const checkRootfs = (rootfs: string, workingDir: string): E.Either<EffectFailure, void> => {
  for (const path of ['/proc', '/dev', '/sys']) {
    const stats = lstatSync(`${rootfs}${path}`, { throwIfNoEntry: false })
    if (stats !== undefined && !stats.isDirectory())
      return refused('unsafe-path', `${path} in the image is not a directory`)
  }
  for (const path of ['/etc/hosts', '/etc/hostname', '/etc/resolv.conf', '/sbin']) {
    const leads = resolveOnRootfs(rootfs, path)
    if (E.isLeft(leads)) return leads
  }
  const start = resolveInRoot(rootfs, workingDir)
  if (E.isLeft(start)) return start
  if (isWithin('/proc', start.right.inside))
    return refused('bad-working-dir', `the working directory ${workingDir} leads to ${start.right.inside}`)
  const accounts = readAccounts(rootfs)
  return E.isLeft(accounts) ? accounts : E.right(undefined)
}
