import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import assert from 'node:assert/strict'
import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { openBundles, readSurroundings } from '../../src/adapters/bundle/directory.ts'
import { MNT, mount, unmountIfMounted } from '../../src/adapters/host/mount.ts'
import type { ContainerOptions } from '../../src/domain/kernel/container-options.ts'
import type { EffectFailure } from '../../src/domain/kernel/problem.ts'
import type { ImageDefaults } from '../../src/domain/kernel/image-config.ts'
import type { Mount } from '../../src/domain/kernel/mount.ts'
import { defaults, options } from './bundle-options.ts'
import { containerId } from './examples.ts'

export const right = async <A>(effect: TaskEither<EffectFailure, A>): Promise<A> => {
  const result = await effect()
  assert.ok(E.isRight(result), E.isLeft(result) ? `${result.left.problem}: ${result.left.cause}` : '')
  return result.right
}

export const left = async <A>(effect: TaskEither<EffectFailure, A>): Promise<EffectFailure> => {
  const result = await effect()
  assert.ok(E.isLeft(result), 'it was expected to fail')
  return result.left
}

const passwd = 'root:x:0:0:root:/root:/bin/sh\nana:x:1000:1001:Ana:/home/ana:/bin/sh\n'
const group = 'root:x:0:\nana:x:1001:\naudio:x:29:ana\nvideo:x:44:root,ana\n'

/**
 * A root and a state directory on a tmpfs of their own, with an image of busybox and two users in it, mounted as an
 * overlay. `change` makes the image hostile before anything is mounted.
 */
export const trialBundles = (change: (image: string) => void = () => {}) => {
  const base = mkdtempSync(join(tmpdir(), 'bundle-'))
  mount('tmpfs', base, 'tmpfs', 0, 'size=64m')
  const image = join(base, 'image')
  for (const path of ['bin', 'etc', 'upper', 'work'])
    mkdirSync(join(path.endsWith('r') || path === 'work' ? base : image, path), { recursive: true })
  copyFileSync('/bin/busybox', join(image, 'bin/busybox'))
  for (const applet of ['sh', 'cat', 'id', 'ls', 'echo', 'touch', 'grep'])
    symlinkSync('busybox', join(image, 'bin', applet))
  writeFileSync(join(image, 'etc/passwd'), passwd)
  writeFileSync(join(image, 'etc/group'), group)
  change(image)

  const container = containerId(Math.floor(Math.random() * 2 ** 32))
  const state = join(base, 'state')
  const bundles = openBundles({ root: join(base, 'root'), state, surroundings: readSurroundings() })
  const mounts: ReadonlyArray<Mount> = [
    {
      type: 'overlay',
      source: 'overlay',
      options: [`lowerdir=${image}`, `upperdir=${join(base, 'upper')}`, `workdir=${join(base, 'work')}`],
    },
  ]
  const bundle = join(state, 'containers', container)
  return {
    base,
    bundle,
    bundles,
    container,
    kept: join(base, 'root', 'containers', container),
    mounts,
    rootfs: join(bundle, 'rootfs'),
    upper: join(base, 'upper'),
    prepare: (asked: Partial<ContainerOptions> = {}, said: Partial<ImageDefaults> = {}) =>
      bundles.prepare({ container, mounts, defaults: defaults(said), options: options(asked) }),
    config: () => JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')),
    [Symbol.dispose]: () => {
      while (unmountIfMounted(join(bundle, 'rootfs'), MNT.detach));
      while (unmountIfMounted(base, MNT.detach));
      rmSync(base, { recursive: true })
    },
  }
}
